//! Bodies are JSON objects, never arrays: what a derived type would also read by the order of its fields, is read by their
//! names only.

/// Makes types that derive `Deserialize` with `#[serde(remote = "Self")]` readable from objects only.
macro_rules! only_objects {
    ($($type:ident),+ $(,)?) => { $(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;
                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, members: A) -> Result<$type, A::Error> {
                        $type::deserialize(serde::de::value::MapAccessDeserializer::new(members))
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }
    )+ };
}
pub(super) use only_objects;
