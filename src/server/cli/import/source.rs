//! Rows out of CSV or JSON lines, one at a time and of bounded size, whatever stands in the file.

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde::Deserialize;
use std::{
    cell::Cell,
    io::{self, BufRead, Read},
    rc::Rc,
};

use super::error::ImportError;

/// The longest row, in bytes.
const LONGEST: usize = 64 * 1024;
/// The columns there are, of which only the first is needed.
const COLUMNS: [&str; 6] = ["email", "password_hash", "display_name", "role", "created_at", "email_verified_at"];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values with the columns' names in the first line.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

/// A row as it stands in the file. `None`: empty, null or no such column.
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

/// A row that cannot be taken. The reason names no value.
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
    pub fn new(mut input: R, format: Format) -> Result<Self, ImportError> {
        let start = input.fill_buf()?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(ImportError::File { line: 1, reason: "this is UTF-16; save it as UTF-8".into() });
        }
        if start.starts_with("\u{feff}".as_bytes()) {
            input.consume(3);
        }
        match format {
            Format::Csv => Ok(Self::Csv(Box::new(Csv::new(input)?))),
            Format::Jsonl => Ok(Self::Jsonl(Jsonl { input, line: 0 })),
        }
    }

    /// The next row, good or bad; `None` at the end, and an error where nothing more can be read.
    pub fn next_row(&mut self) -> Result<Option<Result<Raw, Bad>>, ImportError> {
        match self {
            Self::Csv(csv) => csv.next_row(),
            Self::Jsonl(jsonl) => jsonl.next_row(),
        }
    }
}

/// Reads on only so far as a row may reach: a quote that is left open would otherwise swallow the rest of the file.
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
    /// For each column of the file, which of [`COLUMNS`] it is.
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
                let reason = format!("'{named}' is no column, or there twice: those known are {}", COLUMNS.join(", "));
                return Err(ImportError::File { line: 1, reason });
            };
            columns.push(column);
        }
        if !columns.contains(&0) {
            return Err(ImportError::File { line: 1, reason: "there is no column 'email'".into() });
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
            return Err(format!("{} columns where the first line has {}", self.record.len(), self.columns.len()));
        }
        let mut raw = Raw { line, ..Raw::default() };
        for (column, value) in self.columns.iter().zip(&self.record) {
            let value = str::from_utf8(value).map_err(|_| format!("{}: is not UTF-8", COLUMNS[*column]))?;
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
            let reason = format!("longer than {} KiB; perhaps a quote was left open", LONGEST / 1024);
            ImportError::File { line, reason }
        }
        csv::ErrorKind::Io(error) => ImportError::Read(error.kind().into()),
        _ => ImportError::File { line, reason: "this is no CSV".into() },
    }
}

/// A JSON object a line (JSON Lines).
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

// What serde_json says of a mistake quotes values, which may be hashes.
fn object(text: &[u8], line: u64) -> Result<Raw, String> {
    let text = str::from_utf8(text).map_err(|_| "is not UTF-8")?;
    let other = || format!("is no object of texts, or has another field than {}", COLUMNS.join(", "));
    // A list of values in the order of the fields would do too, and mean something else tomorrow.
    if text.trim_start().starts_with('[') {
        return Err(other());
    }
    let mut raw: Raw = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => other(),
        _ => "is no JSON".to_owned(),
    })?;
    for field in
        [&mut raw.password_hash, &mut raw.display_name, &mut raw.role, &mut raw.created_at, &mut raw.email_verified_at]
    {
        *field = field.take().filter(|value| !value.trim().is_empty());
    }
    raw.line = line;
    Ok(raw)
}
