"""One description per table, figure or text: rich in JupyterLab, a node of the document in the book."""
