//! Bytes of a statement file as text. Banks send UTF-8, and the code pages of the time when their programs were written.

/// What windows-1252 has where Latin-1 has control characters.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', //
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// UTF-8 where the bytes are; UTF-16 with a byte order mark; else windows-1252, which Latin-1 is a part of.
pub(super) fn decode(bytes: &[u8]) -> Result<String, &'static str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(eight_bits(rest)),
        _ if bytes.contains(&0) => Err("the file has zero bytes: it is no text"),
        _ => Ok(eight_bits(bytes)),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, &'static str> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match (String::from_utf16(&units), odd) {
        (Ok(text), []) => Ok(text),
        _ => Err("the file begins like UTF-16 and is not"),
    }
}

fn eight_bits(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..0xa0 => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_pages_become_text() {
        for (bytes, text) in [
            (&b"M\xfcller \x80 5"[..], "Müller € 5"),
            ("Müller".as_bytes(), "Müller"),
            (b"\xef\xbb\xbf:20:", ":20:"),
            (b"\xff\xfeA\x00", "A"),
            (b"\xfe\xff\x00A", "A"),
            (b"", ""),
        ] {
            assert_eq!(decode(bytes).unwrap(), text);
        }
        assert!(decode(b"PK\x03\x04\x00\x00").is_err());
        assert!(decode(b"\xff\xfeA").is_err());
    }
}
