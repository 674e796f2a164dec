"""What leaves the report for other tools: CSV files with their Table Schema, and a workbook of annexes."""

from caqes_analysis.export.form import export_form
from caqes_analysis.export.package import CIRCULATION
from caqes_analysis.export.write import EXPORT_FOLDER, export_campaign

__all__ = ["CIRCULATION", "EXPORT_FOLDER", "export_campaign", "export_form"]
