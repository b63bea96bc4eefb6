//! Tables for terminals.

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A column: its title, and how soon it may go where the terminal is narrow (0 never, the largest first).
pub(crate) struct Column {
    title: &'static str,
    align: Align,
    dispensable: u8,
}

/// A column of words that always stays.
pub(crate) const fn words(title: &'static str) -> Column {
    Column { title, align: Align::Left, dispensable: 0 }
}

/// A column of numbers that always stays.
pub(crate) const fn numbers(title: &'static str) -> Column {
    Column { title, align: Align::Right, dispensable: 0 }
}

impl Column {
    /// The same column, one that may go.
    pub(crate) const fn dispensable(self, order: u8) -> Self {
        Self { dispensable: order, ..self }
    }
}

/// The table with two blanks before and between columns. Columns in which every cell is empty are left out; where the rest is
/// wider than `width`, dispensable columns go; what is indispensable is never cut.
pub(crate) fn render(columns: &[Column], rows: &[Vec<String>], width: usize) -> String {
    let size = |c: usize| {
        let cells = rows.iter().map(|row| row[c].chars().count());
        cells.chain([columns[c].title.chars().count()]).max().unwrap_or(0)
    };
    let mut shown: Vec<usize> = (0..columns.len()).filter(|c| rows.iter().any(|row| !row[*c].is_empty())).collect();
    while shown.iter().map(|c| size(*c) + 2).sum::<usize>() > width {
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
        format!("  {}", cells.join("  ")).trim_end().to_owned() + "\n"
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

    const COLUMNS: [Column; 4] = [words("arm"), numbers("n"), numbers("empty"), words("method").dispensable(1)];

    #[test]
    fn columns_align_and_yield() {
        let rows = vec![
            vec!["a/free".to_owned(), "60".to_owned(), String::new(), "wilson".to_owned()],
            vec!["a/cbf-0.3".to_owned(), "5".to_owned(), String::new(), String::new()],
        ];
        let wide = "  arm         n  method\n  a/free     60  wilson\n  a/cbf-0.3   5\n";
        assert_eq!(render(&COLUMNS, &rows, 80), wide);
        assert_eq!(render(&COLUMNS, &rows, 18), "  arm         n\n  a/free     60\n  a/cbf-0.3   5\n");
        assert_eq!(render(&COLUMNS, &rows, 3).lines().count(), 3);
    }
}
