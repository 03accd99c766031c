//! Tables that fit the terminal.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle,
    Width,
};

/// A column of a table.
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    /// Columns of higher rank are left out first when the terminal is narrow.
    rank: u8,
    max_width: Option<u16>,
}

impl Column {
    /// A column of text.
    pub(crate) const fn text(title: &'static str) -> Self {
        Self {
            title,
            right: false,
            rank: 0,
            max_width: None,
        }
    }

    /// A column of numbers.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self {
            title,
            right: true,
            rank: 0,
            max_width: None,
        }
    }

    /// The higher the rank, the sooner the column is left out.
    pub(crate) const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// The most characters that the column takes.
    pub(crate) const fn at_most(mut self, characters: u16) -> Self {
        self.max_width = Some(characters);
        self
    }
}

/// Lays out rows in as much width as the terminal has. Without a terminal
/// every column is shown at its full width.
pub(crate) fn render(columns: &[Column], rows: &[Vec<String>], total: Option<&[String]>) -> String {
    render_in(columns, rows, total, terminal_width())
}

fn render_in(
    columns: &[Column],
    rows: &[Vec<String>],
    total: Option<&[String]>,
    width: Option<u16>,
) -> String {
    let shown = fitting_columns(columns, rows, total, width);
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table
        .load_style(TableStyle::new().header_separator(rule))
        .set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    let cells = |texts: &mut dyn Iterator<Item = &str>| {
        let mut row = Row::new();
        for (text, column) in texts.zip(shown.iter().map(|index| &columns[*index])) {
            let alignment = if column.right {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            };
            row.add_cell(Cell::new(text).set_alignment(alignment));
        }
        row.max_height(6);
        row
    };
    table.set_header(cells(&mut shown.iter().map(|index| columns[*index].title)));
    for row in rows.iter().map(Vec::as_slice).chain(total) {
        table.add_row(cells(&mut shown.iter().map(|index| row[*index].as_str())));
    }
    for (place, index) in shown.iter().enumerate() {
        if let Some(column) = table.column_mut(place) {
            column.set_padding((0, 2));
            let wanted = columns[*index].max_width;
            if let Some(characters) = wanted.filter(|_| width.is_some()) {
                let most = Width::Fixed(characters + 2);
                column.set_constraint(ColumnConstraint::UpperBoundary(most));
            } else if columns[*index].right {
                // A number broken over two lines is no number.
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    let mut text = table.trim_fmt();
    if total.is_some() {
        text = rule_above_last_line(&text);
    }
    text
}

/// The columns that fit, leaving out those of the highest rank first.
fn fitting_columns(
    columns: &[Column],
    rows: &[Vec<String>],
    total: Option<&[String]>,
    width: Option<u16>,
) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let Some(width) = width else { return shown };
    let natural = |index: usize| {
        let column = &columns[index];
        let content = rows.iter().map(Vec::as_slice).chain(total);
        let widest = content
            .flat_map(|row| row[index].lines())
            .chain([column.title])
            .map(|text| text.chars().count())
            .max()
            .unwrap_or_default();
        // Text can be broken over lines, down to what can still be read.
        let most = column.max_width.map_or(usize::MAX, usize::from);
        let needed = if column.right {
            widest
        } else {
            widest.min(most).min(24)
        };
        needed + 2
    };
    while shown.iter().copied().map(natural).sum::<usize>() > usize::from(width) {
        let Some(place) = (0..shown.len())
            .filter(|place| columns[shown[*place]].rank > 0)
            .max_by_key(|place| (columns[shown[*place]].rank, *place))
        else {
            break;
        };
        shown.remove(place);
    }
    shown
}

fn rule_above_last_line(text: &str) -> String {
    let (body, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let rule = "─".repeat(
        body.lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or_default(),
    );
    format!("{body}\n{rule}\n{last}")
}

fn terminal_width() -> Option<u16> {
    use std::io::IsTerminal;
    if let Some(columns) = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        return Some(columns);
    }
    std::io::stdout()
        .is_terminal()
        .then(|| Table::new().width().unwrap_or(80))
}

/// A whole number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A large number in few characters: `1.2M`.
pub(crate) fn short(number: u64) -> String {
    let value = number as f64;
    match number {
        0..1_000 => number.to_string(),
        1_000..999_950 => format!("{:.1}k", value / 1e3),
        999_950..999_950_000 => format!("{:.1}M", value / 1e6),
        _ => format!("{:.1}B", value / 1e9),
    }
}

/// An amount of dollars to the cent: `$1,234.56`.
pub(crate) fn dollars(money: dashcam_trace::Money) -> String {
    let cents = (money.nanos() as f64 / 1e7).round() as i64;
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
}

/// Amounts of credits, each with its unit, to the hundredth: `0.42 credits`.
pub(crate) fn credits(sums: &[dashcam_trace::CreditSum]) -> String {
    let texts: Vec<String> = sums
        .iter()
        .map(|sum| format!("{:.2} {}", sum.amount.amount(), sum.unit))
        .collect();
    texts.join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dashcam_trace::Money;

    const COLUMNS: [Column; 4] = [
        Column::text("Date"),
        Column::text("Models").rank(1),
        Column::number("Cache read").rank(2),
        Column::number("Cost"),
    ];

    fn sample(width: Option<u16>) -> String {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let rows = [
            row([
                "2026-08-20",
                "claude-opus-4-5\nclaude-sonnet-4-5",
                "1,234,567",
                "$12.30",
            ]),
            row(["2026-08-21", "gpt-5", "7", "$0.01"]),
        ];
        render_in(
            &COLUMNS,
            &rows,
            Some(&row(["Total", "", "1,234,574", "$12.31"])),
            width,
        )
    }

    #[test]
    fn without_a_terminal_every_column_is_shown() {
        insta::assert_snapshot!(sample(None));
    }

    #[test]
    fn a_narrow_terminal_loses_the_columns_of_the_highest_rank() {
        insta::assert_snapshot!(sample(Some(50)));
        insta::assert_snapshot!(sample(Some(30)));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(short(999), "999");
        assert_eq!(short(999_949), "999.9k");
        assert_eq!(short(999_950), "1.0M");
        assert_eq!(dollars(Money::from_usd(1_234.565_1)), "$1,234.57");
        assert_eq!(dollars(Money::from_usd(-0.5)), "-$0.50");
    }
}
