"""Puts the registry together: settings, drivers, services, application.

The only place that names a driver.
"""
