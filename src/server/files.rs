//! Protects files that hold secrets. Called by `db` and `cli::setup`.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

/// Removes all permissions of group and others from a file, with a warning. Restored backups are often readable by
/// everyone.
pub fn keep_to_owner(path: &Path) -> io::Result<()> {
    let rights = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if rights & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    tracing::warn!(path = %path.display(), "other users could read this file: its mode is now 0600");
    Ok(())
}
