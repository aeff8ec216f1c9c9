"""SQLite: connecting, reading inline, one writer, migrations, snapshots."""
