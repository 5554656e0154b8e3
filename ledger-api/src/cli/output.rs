//! Results on standard output: tables for people, CSV and JSON for programs.
//!
//! Amounts are counts of minor units until here. Programs get them as plain decimals with all digits of their
//! commodity; in tables thousands are grouped. Numbers and short words never break over lines, texts may.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};
use ledger_core::Units;
use serde_json::Value;

/// Widest table where the width of the terminal is not known or larger.
const WIDTH_MAX: u16 = 140;
/// An indentation that survives the breaking of lines; printed as a space.
const INDENT: char = '\u{a0}';
/// Columns of texts up to so wide are never broken either: currencies, kinds.
const WIDTH_OF_WORDS: u16 = 6;
/// Widest table for a file or a pipe.
const WIDTH_PIPED: u16 = 100;

/// How a reading command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    #[default]
    Table,
    /// Comma-separated values with a header row
    Csv,
    /// One JSON document
    Json,
}

/// The `--format` option of reading commands.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct FormatArg {
    /// How to print the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// Writes to standard output; an error when nobody reads it any more.
///
/// # Errors
/// What the system says.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A count of minor units as a plain decimal with exactly `scale` digits after the point.
#[must_use]
pub fn plain(units: Units, scale: u8) -> String {
    decimal(units, scale, "")
}

/// The same with the thousands grouped by commas, for tables.
#[must_use]
pub fn grouped(units: Units, scale: u8) -> String {
    decimal(units, scale, ",")
}

fn decimal(units: Units, scale: u8, separator: &str) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let mut text = String::with_capacity(digits.len() * 2);
    if units < 0 {
        text.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    if scale > 0 {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Rows as CSV, header first; lines end with LF.
///
/// # Errors
/// Rows of different lengths.
pub fn csv<R, F>(header: &[&str], rows: R) -> anyhow::Result<String>
where
    R: IntoIterator<Item = F>,
    F: IntoIterator<Item: AsRef<[u8]>>,
{
    Ok(csv_rows([header])? + &csv_rows(rows)?)
}

/// Rows as CSV without a header, for output that comes in parts.
///
/// # Errors
/// Rows of different lengths.
pub fn csv_rows<R, F>(rows: R) -> anyhow::Result<String>
where
    R: IntoIterator<Item = F>,
    F: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

/// A JSON document with its line end.
#[must_use]
pub fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Rows of texts as CSV or as JSON objects with the same names; a table is the caller's, who knows its readers.
///
/// # Errors
/// Rows of another length than the names.
pub fn records<const N: usize>(
    names: &[&str; N],
    rows: &[[String; N]],
    format: Format,
    table: impl FnOnce() -> String,
) -> anyhow::Result<String> {
    let object = |row: &[String; N]| {
        Value::Object(names.iter().map(|name| (*name).to_owned()).zip(row.iter().map(|cell| cell.as_str().into())).collect())
    };
    Ok(match format {
        Format::Csv => csv(names, rows)?,
        Format::Json => json(&Value::Array(rows.iter().map(object).collect())),
        Format::Table => table(),
    })
}

/// A text that stands `depth` steps to the right.
#[must_use]
pub fn indented(depth: usize, text: &str) -> String {
    let mut cell: String = std::iter::repeat_n(INDENT, depth * 2).collect();
    cell.push_str(text);
    cell
}

/// A column of a [`Sheet`].
#[derive(Clone, Debug)]
pub struct Column {
    title: String,
    number: bool,
}

/// A column of texts, left-aligned.
#[must_use]
pub fn text(title: impl Into<String>) -> Column {
    Column { title: title.into(), number: false }
}

/// A column of numbers, right-aligned and never broken.
#[must_use]
pub fn number(title: impl Into<String>) -> Column {
    Column { title: title.into(), number: true }
}

#[derive(Clone, Debug)]
enum Row {
    Plain(Vec<String>),
    Strong(Vec<String>),
    Rule,
    Blank,
}

/// A table for people.
#[derive(Clone, Debug)]
pub struct Sheet {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Sheet {
    /// A table with these columns and no rows.
    #[must_use]
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row::Plain(cells.into_iter().collect()));
    }

    /// Adds a row that stands out: a total, a heading.
    pub fn strong(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row::Strong(cells.into_iter().collect()));
    }

    /// Adds a heading over the rows that follow.
    pub fn heading(&mut self, title: &str) {
        self.strong([title.to_owned()]);
    }

    /// Draws a line under the numbers above, before a total.
    pub fn rule(&mut self) {
        self.rows.push(Row::Rule);
    }

    /// Leaves a line empty.
    pub fn blank(&mut self) {
        self.rows.push(Row::Blank);
    }

    /// The table at the width of the terminal, or [`WIDTH_PIPED`] where there is none.
    #[must_use]
    pub fn render(&self) -> String {
        let terminal = std::io::stdout().is_terminal();
        let width = comfy_table::Table::new().width().filter(|_| terminal).map_or(WIDTH_PIPED, |width| width.clamp(60, WIDTH_MAX));
        self.render_at(width, terminal)
    }

    /// The table at most `width` columns wide, with styles for a terminal or without.
    #[must_use]
    pub fn render_at(&self, width: u16, styled: bool) -> String {
        let widths = self.filled(&[], false).column_max_content_widths();
        let mut table = self.filled(&widths, styled);
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        if styled {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let mut text: String = table.lines().map(|line| line.replace(INDENT, " ").trim_end().to_owned() + "\n").collect();
        if text.is_empty() {
            text.push('\n');
        }
        text
    }

    fn filled(&self, widths: &[u16], styled: bool) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
        table.set_header(self.columns.iter().map(|column| Cell::new(&column.title).set_alignment(column.alignment())));
        for row in &self.rows {
            table.add_row(self.cells(row, widths, styled));
        }
        for (index, (column, wanted)) in table.column_iter_mut().zip(&self.columns).enumerate() {
            column.set_cell_alignment(wanted.alignment());
            if wanted.number || widths.get(index).is_some_and(|width| *width <= WIDTH_OF_WORDS) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
    }

    fn cells(&self, row: &Row, widths: &[u16], styled: bool) -> Vec<Cell> {
        let padded = |cells: &[String], style: fn(Cell) -> Cell| {
            (0..self.columns.len()).map(|index| style(Cell::new(cells.get(index).map_or("", String::as_str)))).collect()
        };
        match row {
            Row::Plain(cells) => padded(cells, |cell| cell),
            Row::Strong(cells) if styled => padded(cells, |cell| cell.add_attribute(Attribute::Bold)),
            Row::Strong(cells) => padded(cells, |cell| cell),
            Row::Blank => padded(&[], |cell| cell),
            Row::Rule => {
                self.columns.iter().enumerate().map(|(index, column)| Cell::new(column.rule(widths.get(index).copied()))).collect()
            }
        }
    }
}

impl Column {
    fn alignment(&self) -> CellAlignment {
        if self.number { CellAlignment::Right } else { CellAlignment::Left }
    }

    fn rule(&self, width: Option<u16>) -> String {
        if self.number { "─".repeat(usize::from(width.unwrap_or(1))) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_every_digit() {
        for (units, scale, shown, in_tables) in [
            (0, 2, "0.00", "0.00"),
            (-1, 2, "-0.01", "-0.01"),
            (123_456_789, 2, "1234567.89", "1,234,567.89"),
            (-100_000, 2, "-1000.00", "-1,000.00"),
            (999, 0, "999", "999"),
            (1_000, 0, "1000", "1,000"),
            (5, 8, "0.00000005", "0.00000005"),
        ] {
            assert_eq!((plain(units, scale).as_str(), grouped(units, scale).as_str()), (shown, in_tables));
        }
    }

    #[test]
    fn numbers_stand_under_each_other_and_texts_give_way() {
        let mut sheet = Sheet::new([text("Account"), number("Debit"), number("Credit")]);
        sheet.heading("Assets");
        sheet.row([indented(1, "Bank with a name that is longer than its column"), "1,250.00".into()]);
        sheet.row([indented(1, "Cash"), String::new(), "0.50".into()]);
        sheet.rule();
        sheet.strong(["Total".into(), "1,250.00".into(), "0.50".into()]);
        insta::assert_snapshot!(sheet.render_at(50, false), @r"
         Account                           Debit   Credit
        ──────────────────────────────────────────────────
         Assets
           Bank with a name that is     1,250.00
         longer than its column
           Cash                                      0.50
                                        ────────   ──────
         Total                          1,250.00     0.50
        ");
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let text = csv(&["account", "name"], [["1000", "Cash, petty"], ["", "\"x\""]]).unwrap();
        assert_eq!(text, "account,name\n1000,\"Cash, petty\"\n,\"\"\"x\"\"\"\n");
    }
}
