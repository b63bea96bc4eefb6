//! Columns of text: the tables that terminals show.

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A column: its title, and how soon it may go where the terminal is narrow (0 never, the largest first).
pub struct Column {
    title: &'static str,
    align: Align,
    dispensable: u8,
    kept: bool,
}

/// A column of words that stays where it has any.
pub const fn words(title: &'static str) -> Column {
    Column { title, align: Align::Left, dispensable: 0, kept: false }
}

/// A column of numbers that stays where it has any.
pub const fn numbers(title: &'static str) -> Column {
    Column { title, align: Align::Right, dispensable: 0, kept: false }
}

impl Column {
    /// The same column, one that may go.
    #[must_use]
    pub const fn dispensable(self, order: u8) -> Self {
        Self { dispensable: order, ..self }
    }

    /// The same column, one that is shown where it is empty too.
    #[must_use]
    pub const fn kept(self) -> Self {
        Self { kept: true, ..self }
    }
}

/// Where a table stands.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Blanks before each line.
    pub indent: usize,
    /// What a line may take.
    pub width: usize,
}

/// The table with two blanks between columns. Columns in which every cell is empty are left out, but for those that are kept;
/// where the rest is wider than the frame, dispensable columns go; what is indispensable is never cut.
pub fn render(columns: &[Column], rows: &[Vec<String>], Frame { indent, width }: Frame) -> String {
    let size = |c: usize| {
        let cells = rows.iter().map(|row| row[c].chars().count());
        cells.chain([columns[c].title.chars().count()]).max().unwrap_or(0)
    };
    let mut shown: Vec<usize> =
        (0..columns.len()).filter(|c| columns[*c].kept || rows.iter().any(|row| !row[*c].is_empty())).collect();
    while shown.iter().map(|c| size(*c) + 2).sum::<usize>() > width.saturating_add(2).saturating_sub(indent) {
        let next = shown.iter().copied().max_by_key(|c| columns[*c].dispensable);
        match next {
            Some(c) if columns[c].dispensable > 0 => shown.retain(|other| *other != c),
            _ => break,
        }
    }
    let line = |cell: &dyn Fn(usize) -> String| {
        let cells: Vec<String> = shown
            .iter()
            .map(|c| match columns[*c].align {
                Align::Left => format!("{:<1$}", cell(*c), size(*c)),
                Align::Right => format!("{:>1$}", cell(*c), size(*c)),
            })
            .collect();
        format!("{:indent$}{}", "", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    let mut out = line(&|c| columns[c].title.to_owned());
    for row in rows {
        out.push_str(&line(&|c| row[c].clone()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn inside(width: usize) -> Frame {
        Frame { indent: 2, width }
    }

    const COLUMNS: [Column; 4] = [words("arm"), numbers("n"), numbers("empty"), words("method").dispensable(1)];

    #[test]
    fn columns_align_and_yield() {
        let rows = vec![
            vec!["a/free".to_owned(), "60".to_owned(), String::new(), "wilson".to_owned()],
            vec!["a/cbf-0.3".to_owned(), "5".to_owned(), String::new(), String::new()],
        ];
        let wide = "  arm         n  method\n  a/free     60  wilson\n  a/cbf-0.3   5\n";
        assert_eq!(render(&COLUMNS, &rows, inside(80)), wide);
        assert_eq!(render(&COLUMNS, &rows, inside(18)), "  arm         n\n  a/free     60\n  a/cbf-0.3   5\n");
        assert_eq!(render(&COLUMNS, &rows, inside(3)).lines().count(), 3);
        let kept = [words("arm"), numbers("empty").kept()];
        let rows: Vec<Vec<String>> = ["a/free", ""].map(|arm| vec![arm.to_owned(), String::new()]).into();
        assert_eq!(render(&kept, &rows, Frame { indent: 0, width: 80 }), "arm     empty\na/free\n\n");
    }
}
