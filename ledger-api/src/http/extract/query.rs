//! Query strings, taken strictly: every parameter is known, and given once.

use axum::http::Uri;
use serde::de::DeserializeOwned;

use crate::http::limits;
use crate::http::problem::Problem;

/// Parameters in their order, decoded.
pub type Pairs = Vec<(String, String)>;

/// The parameters of a request.
///
/// # Errors
/// 400 when one is given twice, or the query is too long.
pub fn pairs(uri: &Uri) -> Result<Pairs, Problem> {
    let query = uri.query().unwrap_or_default();
    if query.len() > limits::QUERY_BYTES_MAX {
        return Err(Problem::malformed("QUERY_TOO_LONG", format!("the query has more than {} bytes", limits::QUERY_BYTES_MAX)));
    }
    let pairs: Pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if value.contains('\0') {
            return Err(Problem::malformed("PARAMETER_INVALID", format!("{name}: a text may not hold NUL characters")));
        }
        if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::malformed("PARAMETER_TWICE", format!("the parameter {name:?} is given twice")).hint("give it once"));
        }
    }
    Ok(pairs)
}

/// Takes parameters as `Q`, whose fields are read from texts and which refuses unknown ones.
///
/// # Errors
/// 400 with what was expected.
pub fn typed<Q: DeserializeOwned>(pairs: Pairs) -> Result<Q, Problem> {
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let fields = serde_urlencoded::Deserializer::new(form_urlencoded::parse(encoded.as_bytes()));
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let (place, said) = (error.path().to_string(), error.into_inner().to_string());
        let said = if place == "." { said } else { format!("{place}: {said}") };
        Problem::malformed("PARAMETER_INVALID", said).hint("see the operation's parameters at /openapi.json")
    })
}
