"""The console: one AdminSite at `/`, its ModelAdmins and pages."""
