//! Whether Blender computes a driver's expression without Python.
//!
//! It does so where the expression is made of numbers, the driver's variables, `frame`, a few
//! constants and functions, and the operators `+ - * /`, comparisons, `and or not` and `x if y else z`.

const CONSTANTS: [&str; 3] = ["pi", "True", "False"];

/// Functions, with the fewest and the most arguments.
const FUNCTIONS: [(&str, usize, usize); 26] = [
    ("radians", 1, 1),
    ("degrees", 1, 1),
    ("abs", 1, 1),
    ("fabs", 1, 1),
    ("floor", 1, 1),
    ("ceil", 1, 1),
    ("trunc", 1, 1),
    ("round", 1, 1),
    ("int", 1, 1),
    ("sin", 1, 1),
    ("cos", 1, 1),
    ("tan", 1, 1),
    ("asin", 1, 1),
    ("acos", 1, 1),
    ("atan", 1, 1),
    ("atan2", 2, 2),
    ("exp", 1, 1),
    ("log", 1, 2),
    ("sqrt", 1, 1),
    ("pow", 2, 2),
    ("fmod", 2, 2),
    ("lerp", 3, 3),
    ("clamp", 1, 3),
    ("smoothstep", 3, 3),
    ("min", 1, usize::MAX),
    ("max", 1, usize::MAX),
];

/// Parentheses inside parentheses; an expression has 255 characters.
const DEEPEST: usize = 300;

/// Whether Blender computes it by itself, given the names of the driver's variables.
pub(super) fn is_simple(expression: &str, variables: &[String]) -> bool {
    let mut parser = Parser { rest: expression, token: Token::End, variables, depth: 0 };
    parser.next().and_then(|()| parser.choice()).is_some() && parser.token == Token::End
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'e> {
    End,
    Number,
    Name(&'e str),
    Sign(&'e str),
}

struct Parser<'e> {
    rest: &'e str,
    token: Token<'e>,
    variables: &'e [String],
    depth: usize,
}

impl<'e> Parser<'e> {
    /// One token on. None where there is one that Blender's parser does not know.
    fn next(&mut self) -> Option<()> {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
        let rest = self.rest;
        let Some(first) = rest.chars().next() else {
            self.token = Token::End;
            return Some(());
        };
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let after_dot = rest.strip_prefix('.').map_or(0, digits);
        let length;
        if first.is_ascii_digit() || after_dot > 0 {
            let whole = digits(rest);
            let mut end = whole;
            if rest.get(end..)?.starts_with('.') {
                end += 1 + digits(rest.get(end + 1..)?);
            }
            let mut is_float = end > whole;
            if rest.get(end..)?.starts_with(['e', 'E']) {
                is_float = true;
                end += 1 + usize::from(rest.get(end + 1..)?.starts_with(['+', '-']));
                let exponent = digits(rest.get(end..)?);
                if exponent == 0 {
                    return None;
                }
                end += exponent;
            }
            let number = rest.get(..end)?;
            if !is_float && number.starts_with('0') && number.bytes().any(|digit| digit != b'0') {
                return None;
            }
            self.token = Token::Number;
            length = end;
        } else if first.is_ascii_alphabetic() || first == '_' {
            length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            self.token = Token::Name(rest.get(..length)?);
        } else if first.is_ascii_punctuation() {
            let double = matches!(first, '!' | '=' | '>' | '<') && rest.get(1..)?.starts_with('=');
            length = if double { 2 } else { 1 };
            self.token = Token::Sign(rest.get(..length)?);
        } else {
            return None;
        }
        self.rest = rest.get(length..)?;
        Some(())
    }

    fn is_name(&self, name: &str) -> bool {
        self.token == Token::Name(name)
    }

    /// `x if y else z`
    fn choice(&mut self) -> Option<()> {
        self.either()?;
        if self.is_name("if") {
            self.next()?;
            self.either()?;
            if !self.is_name("else") {
                return None;
            }
            self.next()?;
            self.deeper(Self::choice)?;
        }
        Some(())
    }

    fn either(&mut self) -> Option<()> {
        self.both()?;
        while self.is_name("or") {
            self.next()?;
            self.both()?;
        }
        Some(())
    }

    fn both(&mut self) -> Option<()> {
        self.negation()?;
        while self.is_name("and") {
            self.next()?;
            self.negation()?;
        }
        Some(())
    }

    fn negation(&mut self) -> Option<()> {
        while self.is_name("not") {
            self.next()?;
        }
        self.row(&["==", "!=", "<", "<=", ">", ">="], |parser| {
            parser.row(&["+", "-"], |parser| parser.row(&["*", "/"], Self::unary))
        })
    }

    /// One or more parts with operators between.
    fn row(&mut self, operators: &[&str], part: fn(&mut Self) -> Option<()>) -> Option<()> {
        part(self)?;
        while matches!(self.token, Token::Sign(sign) if operators.contains(&sign)) {
            self.next()?;
            part(self)?;
        }
        Some(())
    }

    fn unary(&mut self) -> Option<()> {
        while matches!(self.token, Token::Sign("+" | "-")) {
            self.next()?;
        }
        match self.token {
            Token::Number => self.next(),
            Token::Sign("(") => {
                self.next()?;
                self.deeper(Self::choice)?;
                self.close()
            }
            Token::Name(name) if name == "frame" || self.variables.iter().any(|known| known == name) => {
                self.next()
            }
            Token::Name(name) if CONSTANTS.contains(&name) => self.next(),
            Token::Name(name) => {
                let (_, fewest, most) = FUNCTIONS.iter().find(|(known, ..)| *known == name)?;
                self.next()?;
                if self.token != Token::Sign("(") {
                    return None;
                }
                let mut arguments = 0;
                loop {
                    self.next()?;
                    self.deeper(Self::choice)?;
                    arguments += 1;
                    if self.token != Token::Sign(",") {
                        break;
                    }
                }
                (*fewest..=*most).contains(&arguments).then_some(())?;
                // With limits it has both.
                if name == "clamp" && arguments == 2 {
                    return None;
                }
                self.close()
            }
            _ => None,
        }
    }

    fn close(&mut self) -> Option<()> {
        if self.token == Token::Sign(")") { self.next() } else { None }
    }

    fn deeper(&mut self, part: fn(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        part(self)?;
        self.depth -= 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_simple;

    #[test]
    fn expressions_of_blenders_own() {
        let names = ["var".to_owned(), "x".to_owned()];
        for simple in [
            "var",
            "1",
            "frame*2 + .5e-3",
            "min(1, var, x)",
            "-(var+1)/2 if x > 1 >= 0 else not x",
            "sin(frame/pi)",
            "lerp(0,1,var)",
            "True and x or False",
            "log(2, 10)",
            "clamp(var)",
            "clamp(var, 0, x)",
            "00",
        ] {
            assert!(is_simple(simple, &names), "{simple}");
        }
        for other in [
            "",
            "y",
            "var**2",
            "var % 2",
            "foo(1)",
            "sin(1, 2)",
            "clamp(var, 1)",
            "__import__('os')",
            "self.location",
            "var if x",
            "012",
            "1e",
            "[1]",
            "var.x",
            "(1",
            "1 2",
            "noise.random()",
            "é",
        ] {
            assert!(!is_simple(other, &names), "{other}");
        }
        assert!(!is_simple(&"(".repeat(10_000), &names));
    }
}
