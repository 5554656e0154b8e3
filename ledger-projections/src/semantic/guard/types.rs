//! Types that a value may be cast to, and literals that name their type.

use sqlparser::ast::{CharacterLength, DataType, DateTimeField, ExactNumberInfo, Interval, TimezoneInfo, TypedString, Value};

use super::form::Expr;
use super::refusal::{Code, Refusal};

/// Most digits that a cast may ask for.
const DIGITS_MAX: u64 = 100;

/// The type as it is written out.
pub(super) fn cast_type(data_type: &DataType) -> Result<String, Refusal> {
    let plain = match data_type {
        DataType::Text => "text",
        DataType::Boolean | DataType::Bool => "boolean",
        DataType::Uuid => "uuid",
        DataType::Date => "date",
        DataType::Timestamp(None, zone) => timestamp(*zone),
        DataType::SmallInt(None) | DataType::Int2(None) => "smallint",
        DataType::Int(None) | DataType::Integer(None) | DataType::Int4(None) => "integer",
        DataType::BigInt(None) | DataType::Int8(None) => "bigint",
        DataType::Interval { fields: None, precision: None } => "interval",
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => return exact(info, data_type),
        DataType::Varchar(length) | DataType::CharacterVarying(length) => return varying(length.as_ref(), data_type),
        _ => return Err(refused(data_type)),
    };
    Ok(plain.to_owned())
}

const fn timestamp(zone: TimezoneInfo) -> &'static str {
    match zone {
        TimezoneInfo::None | TimezoneInfo::WithoutTimeZone => "timestamp",
        TimezoneInfo::Tz | TimezoneInfo::WithTimeZone => "timestamptz",
    }
}

fn exact(info: &ExactNumberInfo, data_type: &DataType) -> Result<String, Refusal> {
    match info {
        ExactNumberInfo::None => Ok("numeric".to_owned()),
        ExactNumberInfo::Precision(precision) if *precision <= DIGITS_MAX => Ok(format!("numeric({precision})")),
        ExactNumberInfo::PrecisionAndScale(precision, scale) if *precision <= DIGITS_MAX && (0..=30).contains(scale) => {
            Ok(format!("numeric({precision}, {scale})"))
        }
        _ => Err(refused(data_type)),
    }
}

fn varying(length: Option<&CharacterLength>, data_type: &DataType) -> Result<String, Refusal> {
    match length {
        None => Ok("varchar".to_owned()),
        Some(CharacterLength::IntegerLength { length, unit: None }) if *length <= 2_000 => Ok(format!("varchar({length})")),
        Some(_) => Err(refused(data_type)),
    }
}

fn refused(data_type: &DataType) -> Refusal {
    let shown: String = data_type.to_string().chars().take(40).collect();
    Refusal::new(
        Code::Type,
        format!("the type {shown} is not allowed"),
        "cast to numeric, integer, bigint, date, timestamp, timestamptz, interval, text, boolean or uuid",
    )
}

/// `DATE '2026-01-31'` and its kind.
pub(super) fn typed(literal: &TypedString) -> Result<Expr, Refusal> {
    let TypedString { data_type, value, uses_odbc_syntax } = literal;
    let kind = match data_type {
        DataType::Date => "DATE",
        DataType::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => "TIMESTAMP",
        DataType::Timestamp(None, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => "TIMESTAMP WITH TIME ZONE",
        _ => return Err(refused(data_type).at(value.span)),
    };
    match &value.value {
        Value::SingleQuotedString(text) if !uses_odbc_syntax => Ok(Expr::Moment { kind, text: text.clone() }),
        _ => Err(Refusal::new(Code::Literal, "a date in a notation that is not allowed", "write DATE '2026-01-31'").at(value.span)),
    }
}

/// `INTERVAL '90 days'`, `INTERVAL '90' DAY`.
pub(super) fn interval(interval: &Interval) -> Result<Expr, Refusal> {
    let Interval { value, leading_field, leading_precision, last_field, fractional_seconds_precision } = interval;
    let plain = leading_precision.is_none() && last_field.is_none() && fractional_seconds_precision.is_none();
    let unit = match leading_field {
        None => Some(None),
        Some(field) => interval_unit(field).map(Some),
    };
    let text = match &**value {
        sqlparser::ast::Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    match (plain, unit, text) {
        (true, Some(unit), Some(text)) => Ok(Expr::Interval { text, unit }),
        _ => Err(Refusal::new(Code::Literal, "an interval in a notation that is not allowed", "write INTERVAL '90 days'")),
    }
}

fn interval_unit(field: &DateTimeField) -> Option<&'static str> {
    match field {
        DateTimeField::Year => Some("YEAR"),
        DateTimeField::Month => Some("MONTH"),
        DateTimeField::Day => Some("DAY"),
        DateTimeField::Hour => Some("HOUR"),
        DateTimeField::Minute => Some("MINUTE"),
        DateTimeField::Second => Some("SECOND"),
        _ => None,
    }
}

/// What EXTRACT may take out.
pub(super) fn extract_field(field: &DateTimeField) -> Result<&'static str, Refusal> {
    const FIELDS: [&str; 14] =
        ["year", "quarter", "month", "week", "day", "dow", "isodow", "doy", "isoyear", "hour", "minute", "second", "epoch", "decade"];
    let written = field.to_string().to_ascii_lowercase();
    FIELDS.into_iter().find(|known| *known == written).ok_or_else(|| {
        Refusal::new(Code::Function, "EXTRACT takes a field that is not allowed", format!("extract one of {}", FIELDS.join(", ")))
    })
}
