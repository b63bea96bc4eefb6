//! A small language of numbers and names: `+ - * /`, `min(a, b, …)`, `max(a, b, …)`, `abs(a)`, parentheses.
//!
//! A name is letters, digits and `_`, the first no digit; any other name stands in double quotes, as `"centred/power"`. There are
//! no loops, no calls but these three and no assignment, so that an expression ends after as many steps as it has characters.

/// Characters of an expression at most.
const LONGEST: usize = 1_000;

/// How deep parentheses, calls and signs may lie within each other: each takes a frame of the stack.
const DEEPEST: usize = 32;

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    /// The names in it, in order, each once.
    pub(super) names: Vec<String>,
    /// In postfix order.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Number(f64),
    Name(usize),
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Absolute,
    Least(usize),
    Largest(usize),
}

impl Expression {
    /// Reads a text. The error says what is wrong, and at which character from 1.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.chars().count() > LONGEST {
            return Err(format!("an expression has at most {LONGEST} characters"));
        }
        let mut reader = Reader { text, at: 0, depth: 0, out: Self { names: Vec::new(), steps: Vec::new() } };
        reader.sum()?;
        match reader.peek() {
            None => Ok(reader.out),
            Some(found) => Err(reader.wrong(&format!("expected an operator or the end, found `{found}`"))),
        }
    }

    /// Its value where the names have these values, in the order of `names`.
    pub(super) fn value(&self, of: &[f64]) -> f64 {
        let mut stack: Vec<f64> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let mut pop = || stack.pop().unwrap_or(f64::NAN);
            let value = match *step {
                Step::Number(number) => number,
                Step::Name(place) => of[place],
                Step::Negate => -pop(),
                Step::Absolute => pop().abs(),
                Step::Add => {
                    let right = pop();
                    pop() + right
                }
                Step::Subtract => {
                    let right = pop();
                    pop() - right
                }
                Step::Multiply => {
                    let right = pop();
                    pop() * right
                }
                Step::Divide => {
                    let right = pop();
                    pop() / right
                }
                // `f64::min` passes over what is no number; here it stays no number.
                Step::Least(n) => fold(&mut stack, n, f64::min),
                Step::Largest(n) => fold(&mut stack, n, f64::max),
            };
            stack.push(value);
        }
        stack.pop().unwrap_or(f64::NAN)
    }
}

fn fold(stack: &mut Vec<f64>, n: usize, of: fn(f64, f64) -> f64) -> f64 {
    let taken = stack.split_off(stack.len().saturating_sub(n));
    if taken.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    taken.into_iter().reduce(of).unwrap_or(f64::NAN)
}

struct Reader<'a> {
    text: &'a str,
    /// The byte where it stands.
    at: usize,
    depth: usize,
    out: Expression,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("{what}, at character {}", self.text[..self.at].chars().count() + 1)
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            return Ok(());
        }
        let found = self.peek().map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
        Err(self.wrong(&format!("expected `{wanted}`, found {found}")))
    }

    fn sum(&mut self) -> Result<(), String> {
        self.product()?;
        loop {
            let step = match self.peek() {
                Some('+') => Step::Add,
                Some('-' | '−') => Step::Subtract,
                _ => return Ok(()),
            };
            self.skip();
            self.product()?;
            self.out.steps.push(step);
        }
    }

    fn product(&mut self) -> Result<(), String> {
        self.signed()?;
        loop {
            let step = match self.peek() {
                Some('*' | '×') => Step::Multiply,
                Some('/') => Step::Divide,
                _ => return Ok(()),
            };
            self.skip();
            self.signed()?;
            self.out.steps.push(step);
        }
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn signed(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong(&format!("an expression is nested at most {DEEPEST} deep")));
        }
        if self.take('-') || self.take('−') {
            self.signed()?;
            self.out.steps.push(Step::Negate);
        } else {
            self.atom()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn atom(&mut self) -> Result<(), String> {
        match self.peek() {
            Some('(') => {
                self.skip();
                self.sum()?;
                self.expect(')')
            }
            Some('"') => self.quoted(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.word(),
            Some(c) => Err(self.wrong(&format!("expected a number, a name or `(`, found `{c}`"))),
            None => Err(self.wrong("expected a number, a name or `(`, found the end")),
        }
    }

    fn number(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let mut end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        // An exponent, with its sign.
        if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
            let signed = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let digits = signed.find(|c: char| !c.is_ascii_digit()).unwrap_or(signed.len());
            end += if digits > 0 { 1 + exponent.len() - signed.len() + digits } else { 0 };
        }
        let number: f64 = rest[..end].parse().map_err(|_| self.wrong(&format!("`{}` is no number", &rest[..end])))?;
        if !number.is_finite() {
            return Err(self.wrong("the number is too large"));
        }
        self.at += end;
        self.out.steps.push(Step::Number(number));
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at + 1..];
        let Some(end) = rest.find('"') else { return Err(self.wrong("the quote does not end")) };
        let name = rest[..end].to_owned();
        self.at += end + 2;
        self.name(name);
        Ok(())
    }

    fn name(&mut self, name: String) {
        let place = self.out.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.out.names.push(name);
            self.out.names.len() - 1
        });
        self.out.steps.push(Step::Name(place));
    }

    fn word(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        let start = self.at;
        self.at += end;
        if self.peek() != Some('(') {
            self.name(word);
            return Ok(());
        }
        if !["min", "max", "abs"].contains(&word.as_str()) {
            self.at = start;
            return Err(self.wrong(&format!("`{word}` is no function; there are min, max and abs")));
        }
        self.skip();
        let mut n = 1;
        self.sum()?;
        while self.take(',') {
            self.sum()?;
            n += 1;
        }
        self.expect(')')?;
        let step = match (word.as_str(), n) {
            ("min", 2..) => Step::Least(n),
            ("max", 2..) => Step::Largest(n),
            ("abs", 1) => Step::Absolute,
            ("abs", _) => return Err(self.wrong("`abs` takes one value")),
            _ => return Err(self.wrong(&format!("`{word}` takes two values or more"))),
        };
        self.out.steps.push(step);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_arithmetic() {
        for (text, want) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("8 / 2 / 2", 2.0),
            ("5 - 2 - 1", 2.0),
            ("-a * 2", -6.0),
            ("2 * -a", -6.0),
            ("--a", 3.0),
            ("a * min(b, 1 - b) / 0.5", 1.2),
            ("a × max(b, 1 − b, 0)", 2.4),
            ("abs(b - a) + abs(a-b)", 5.6),
            ("1e1 + 2.5E-1 + .5", 10.75),
            ("\"odd/name\" / 4", 1.25),
            ("(((a)))", 3.0),
        ] {
            let read = Expression::read(text).expect(text);
            let of: Vec<f64> = read
                .names
                .iter()
                .map(|name| match name.as_str() {
                    "a" => 3.0,
                    "b" => 0.2,
                    "odd/name" => 5.0,
                    other => panic!("{other}"),
                })
                .collect();
            assert!((read.value(&of) - want).abs() < 1e-12, "{text}: {}", read.value(&of));
        }
        assert!(Expression::read("min(a, 1)").expect("good").value(&[f64::NAN]).is_nan());
        assert!(!Expression::read("1 / a").expect("good").value(&[0.0]).is_finite());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let deep = format!("{}1{}", "(".repeat(40), ")".repeat(40));
        let signs = format!("{}1", "-".repeat(900));
        let long = "1+".repeat(600) + "1";
        for (text, part) in [
            ("", "found the end, at character 1"),
            ("a +", "found the end, at character 4"),
            ("a b", "expected an operator or the end, found `b`, at character 3"),
            ("(a", "expected `)`, found the end"),
            ("a % 2", "found `%`, at character 3"),
            ("sqrt(a)", "`sqrt` is no function; there are min, max and abs, at character 1"),
            ("min(a)", "takes two values or more"),
            ("abs(a, b)", "takes one value"),
            ("1.2.3", "`1.2.3` is no number"),
            ("1e999", "too large"),
            ("\"a", "quote does not end"),
            ("é + $", "found `$`, at character 5"),
            (&deep, "32 deep"),
            (&signs, "32 deep"),
            (&long, "at most 1000 characters"),
        ] {
            let found = Expression::read(text).expect_err(text);
            assert!(found.contains(part), "{text}: {found}");
        }
    }
}
