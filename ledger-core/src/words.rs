//! Enums whose variants have a number in events and a word in files: defined in one place, once.

/// Enums with a stored number and a word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $no:literal $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant = $no,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in files and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number used in events; never reused.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $no),+ }
            }

            /// What has this number.
            #[must_use]
            pub const fn from_number(no: u8) -> Option<Self> {
                match no { $($no => Some(Self::$variant),)+ _ => None }
            }

            /// Reads the word of a file, in any letter case.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word.to_ascii_lowercase().as_str() { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
