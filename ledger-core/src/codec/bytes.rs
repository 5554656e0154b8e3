//! The primitive forms of bincode's standard configuration, by hand, for the two things that are written millions
//! of times: envelopes and entries. Unlike bincode, reading accepts only the shortest form of a number, so an
//! event has exactly one encoding.
//!
//! Not here: anything about events. That these bytes are bincode's is proved by the tests of `entry`.

use super::CodecError;
use crate::Text;

/// Largest number of one byte; the marks above it announce 2, 4, 8 and 16 bytes, little endian.
const ONE_BYTE_MAX: u128 = 250;

pub(super) fn put_u64(out: &mut Vec<u8>, value: u64) {
    match value {
        0..=250 => out.push(value.to_le_bytes()[0]),
        _ => put_long(out, u128::from(value)),
    }
}

pub(super) fn put_u128(out: &mut Vec<u8>, value: u128) {
    match value {
        0..=ONE_BYTE_MAX => out.push(value.to_le_bytes()[0]),
        _ => put_long(out, value),
    }
}

fn put_long(out: &mut Vec<u8>, value: u128) {
    let (mark, width) = match value {
        0..=0xffff => (251, 2),
        0x1_0000..=0xffff_ffff => (252, 4),
        0x1_0000_0000..=0xffff_ffff_ffff_ffff => (253, 8),
        _ => (254, 16),
    };
    let mut bytes = [0; 17];
    bytes[0] = mark;
    bytes[1..].copy_from_slice(&value.to_le_bytes());
    out.extend_from_slice(&bytes[..=width]);
}

/// Zigzag: small magnitudes of either sign are short.
pub(super) fn put_i128(out: &mut Vec<u8>, value: i128) {
    put_u128(out, (value.cast_unsigned() << 1) ^ (value >> 127).cast_unsigned());
}

pub(super) fn put_i32(out: &mut Vec<u8>, value: i32) {
    put_u64(out, u64::from((value.cast_unsigned() << 1) ^ (value >> 31).cast_unsigned()));
}

pub(super) fn put_str(out: &mut Vec<u8>, value: &str) {
    put_u64(out, value.len() as u64);
    out.extend_from_slice(value.as_bytes());
}

pub(super) fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            put(out, value);
        }
    }
}

/// Takes values from the front of bytes.
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

fn cut_off() -> CodecError {
    CodecError::new("the event is cut off")
}

impl<'a> Reader<'a> {
    pub(super) fn u8(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.rest.split_first().ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn u128(&mut self) -> Result<u128, CodecError> {
        let first = self.u8()?;
        if u128::from(first) <= ONE_BYTE_MAX {
            return Ok(u128::from(first));
        }
        self.long(first)
    }

    fn long(&mut self, mark: u8) -> Result<u128, CodecError> {
        let (value, shortest) = match mark {
            251 => (u128::from(u16::from_le_bytes(self.array()?)), ONE_BYTE_MAX + 1),
            252 => (u128::from(u32::from_le_bytes(self.array()?)), 1 << 16),
            253 => (u128::from(u64::from_le_bytes(self.array()?)), 1 << 32),
            254 => (u128::from_le_bytes(self.array()?), 1 << 64),
            _ => return Err(CodecError::new(format!("a number cannot begin with {mark}"))),
        };
        if value < shortest {
            return Err(CodecError::new("a number is longer than it needs to be"));
        }
        Ok(value)
    }

    /// A number of any narrower type.
    pub(super) fn number<T: TryFrom<u128>>(&mut self) -> Result<T, CodecError> {
        T::try_from(self.u128()?).map_err(|_| CodecError::new("a number is out of range"))
    }

    pub(super) fn i128(&mut self) -> Result<i128, CodecError> {
        let zigzag = self.u128()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    pub(super) fn i32(&mut self) -> Result<i32, CodecError> {
        let zigzag: u32 = self.number()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    pub(super) fn str(&mut self) -> Result<&'a str, CodecError> {
        let length: usize = self.number()?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or_else(cut_off)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| CodecError::new("a text is not UTF-8"))
    }

    pub(super) fn text(&mut self) -> Result<Text, CodecError> {
        self.str().map(Text::from)
    }

    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, CodecError>) -> Result<Option<T>, CodecError> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            mark => Err(CodecError::new(format!("{mark} says neither that a value is there nor that it is not"))),
        }
    }

    /// A list. Every element has at least `least` bytes, so a length that cannot be true is refused before room
    /// is made for it.
    pub(super) fn list<T>(&mut self, least: usize, mut read: impl FnMut(&mut Self) -> Result<T, CodecError>) -> Result<Vec<T>, CodecError> {
        let length: usize = self.number()?;
        if length > self.rest.len() / least {
            return Err(cut_off());
        }
        let mut list = Vec::with_capacity(length);
        for _ in 0..length {
            list.push(read(self)?);
        }
        Ok(list)
    }
}
