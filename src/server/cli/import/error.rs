//! The errors of an import.

use std::{fmt, io};

/// Why an import stopped before the end of the file.
#[derive(Debug)]
pub enum ImportError {
    /// The file can't be read past this line.
    File {
        line: u64,
        reason: String,
    },
    Read(io::Error),
    /// The batch that begins at this line was not written. Earlier batches were.
    Database {
        line: u64,
        source: sqlx::Error,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line, reason } => write!(
                f,
                "line {line}: {reason}. The import stopped here: correct the file and run the same command again."
            ),
            Self::Read(error) => {
                write!(f, "The file cannot be read ({error}): check it and run the same command again.")
            }
            Self::Database { line, source } => write!(
                f,
                "The database rejected the rows from line {line} on ({source}). Earlier rows are imported. Run the same command again."
            ),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
