//! Reads rows from CSV or JSON Lines, one at a time and of limited size.

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde::Deserialize;
use std::{
    cell::Cell,
    io::{self, BufRead, Read},
    rc::Rc,
};

use super::error::ImportError;

/// Maximum bytes of a row.
const LONGEST: usize = 64 * 1024;
/// The known columns. Only the first is required.
const COLUMNS: [&str; 6] = ["email", "password_hash", "display_name", "role", "created_at", "email_verified_at"];

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values, with column names in the first line.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

/// A row as written in the file. `None`: empty, null, or no such column.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    #[serde(skip)]
    pub line: u64,
    pub email: String,
    pub password_hash: Option<String>,
    pub display_name: Option<String>,
    pub role: Option<String>,
    pub created_at: Option<String>,
    pub email_verified_at: Option<String>,
}

/// An invalid row. The reason contains no value.
#[derive(Debug, PartialEq, Eq)]
pub struct Bad {
    pub line: u64,
    pub reason: String,
}

/// The rows of a file.
pub enum Rows<R: BufRead> {
    Csv(Box<Csv<R>>),
    Jsonl(Jsonl<R>),
}

impl<R: BufRead> Rows<R> {
    /// Opens a file's rows: skips a byte-order mark and, for CSV, reads the header.
    pub fn new(mut input: R, format: Format) -> Result<Self, ImportError> {
        let start = input.fill_buf()?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(ImportError::File { line: 1, reason: "the file is UTF-16; save it as UTF-8".into() });
        }
        if start.starts_with("\u{feff}".as_bytes()) {
            input.consume(3);
        }
        match format {
            Format::Csv => Ok(Self::Csv(Box::new(Csv::new(input)?))),
            Format::Jsonl => Ok(Self::Jsonl(Jsonl { input, line: 0 })),
        }
    }

    /// Returns the next row, valid or not; `None` at the end; an error if the rest can't be read.
    pub fn next_row(&mut self) -> Result<Option<Result<Raw, Bad>>, ImportError> {
        match self {
            Self::Csv(csv) => csv.next_row(),
            Self::Jsonl(jsonl) => jsonl.next_row(),
        }
    }
}

/// Stops reading at the size limit of a row: an unclosed quote would otherwise consume the rest of the file.
struct Fenced<R> {
    inner: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Fenced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

/// Comma-separated values (RFC 4180).
pub struct Csv<R> {
    reader: Reader<Fenced<R>>,
    left: Rc<Cell<usize>>,
    /// For each column of the file, its index in [`COLUMNS`].
    columns: Vec<usize>,
    record: ByteRecord,
}

impl<R: BufRead> Csv<R> {
    fn new(inner: R) -> Result<Self, ImportError> {
        let left = Rc::new(Cell::new(LONGEST));
        let fenced = Fenced { inner, left: left.clone() };
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(fenced);
        let header = reader.byte_headers().map_err(|error| stopped(&error, 1))?;
        let mut columns = Vec::new();
        for name in header {
            let name = String::from_utf8_lossy(name).trim().to_owned();
            let known = COLUMNS.iter().position(|column| *column == name);
            let Some(column) = known.filter(|column| !columns.contains(column)) else {
                let named: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                let reason = format!("'{named}' is unknown or appears twice; the columns are {}", COLUMNS.join(", "));
                return Err(ImportError::File { line: 1, reason });
            };
            columns.push(column);
        }
        if !columns.contains(&0) {
            return Err(ImportError::File { line: 1, reason: "the column 'email' is missing".into() });
        }
        Ok(Self { reader, left, columns, record: ByteRecord::new() })
    }

    fn next_row(&mut self) -> Result<Option<Result<Raw, Bad>>, ImportError> {
        self.left.set(LONGEST);
        let next = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(stopped(&error, next)),
        }
        let line = self.record.position().map_or(next, csv::Position::line);
        Ok(Some(self.row(line).map_err(|reason| Bad { line, reason })))
    }

    fn row(&self, line: u64) -> Result<Raw, String> {
        if self.record.len() != self.columns.len() {
            return Err(format!("{} columns, but the first line has {}", self.record.len(), self.columns.len()));
        }
        let mut raw = Raw { line, ..Raw::default() };
        for (column, value) in self.columns.iter().zip(&self.record) {
            let value = str::from_utf8(value).map_err(|_| format!("{}: not valid UTF-8", COLUMNS[*column]))?;
            let some = Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned);
            match column {
                0 => raw.email = some.unwrap_or_default(),
                1 => raw.password_hash = some,
                2 => raw.display_name = some,
                3 => raw.role = some,
                4 => raw.created_at = some,
                _ => raw.email_verified_at = some,
            }
        }
        Ok(raw)
    }
}

fn stopped(error: &csv::Error, line: u64) -> ImportError {
    match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let reason = format!("longer than {} KiB; a quote may be unclosed", LONGEST / 1024);
            ImportError::File { line, reason }
        }
        csv::ErrorKind::Io(error) => ImportError::Read(error.kind().into()),
        _ => ImportError::File { line, reason: "not valid CSV".into() },
    }
}

/// One JSON object per line (JSON Lines).
pub struct Jsonl<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> Jsonl<R> {
    fn next_row(&mut self) -> Result<Option<Result<Raw, Bad>>, ImportError> {
        loop {
            let mut text = Vec::new();
            let read = (&mut self.input).take(LONGEST as u64 + 1).read_until(b'\n', &mut text)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let line = self.line;
            if read > LONGEST {
                if text.last() != Some(&b'\n') {
                    self.input.skip_until(b'\n')?;
                }
                return Ok(Some(Err(Bad { line, reason: format!("longer than {} KiB", LONGEST / 1024) })));
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(object(&text, line).map_err(|reason| Bad { line, reason })));
            }
        }
    }
}

// serde_json's error messages quote values, which may be hashes.
fn object(text: &[u8], line: u64) -> Result<Raw, String> {
    let text = str::from_utf8(text).map_err(|_| "not valid UTF-8")?;
    let other = || format!("not an object of strings with the fields {}", COLUMNS.join(", "));
    // serde would also accept a list of values in field order, which would change meaning with the fields.
    if text.trim_start().starts_with('[') {
        return Err(other());
    }
    let mut raw: Raw = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => other(),
        _ => "not valid JSON".to_owned(),
    })?;
    for field in
        [&mut raw.password_hash, &mut raw.display_name, &mut raw.role, &mut raw.created_at, &mut raw.email_verified_at]
    {
        *field = field.take().filter(|value| !value.trim().is_empty());
    }
    raw.line = line;
    Ok(raw)
}
