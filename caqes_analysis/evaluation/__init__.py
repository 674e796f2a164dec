"""What a figure means for the contract: position against a target, never more than the texts allow."""
