"""What a person reads in a terminal: help, mistakes, problems, findings and the end of a build, all in French."""
