//! Dimensions: an object of texts whose order is kept.

use std::fmt;

use ledger_core::Text;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::scalars::{Plain, shortened};

/// Dimensions such as project or site: an object of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(pub Vec<(Text, Text)>);

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build();
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .description(Some("Dimensions such as project or site: an object of texts."))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(text)))))
            .examples([serde_json::json!({"project": "north", "site": "7"})])
            .build()
            .into()
    }
}

impl ToSchema for Tags {
    fn name() -> std::borrow::Cow<'static, str> {
        "Tags".into()
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
                let mut tags: Vec<(Text, Text)> = Vec::new();
                while let Some(Plain(key)) = map.next_key()? {
                    let Plain(value) = map.next_value()?;
                    if tags.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom(format!("the tag {:?} is there twice", shortened(&key))));
                    }
                    if tags.len() >= ledger_core::limits::TAGS_MAX {
                        return Err(A::Error::custom(format!("there are at most {} tags", ledger_core::limits::TAGS_MAX)));
                    }
                    tags.push((key, value));
                }
                Ok(Tags(tags))
            }
        }
        deserializer.deserialize_map(Read)
    }
}
