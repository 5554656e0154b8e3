//! The fields that a row may have, by the names and aliases that headers give them.

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $name:literal $(| $alias:literal)*),+ ;
     $($(#[$own_doc:meta])* $own:ident $own_name:literal),+ $(,)?) => {
        /// A field of a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $( $(#[$doc])* $variant ),+ , $( $(#[$own_doc])* $own ),+ }

        impl Field {
            /// All fields.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+, $(Self::$own),+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
            /// Those that rows of journals may have; documents have others besides.
            pub const OF_JOURNALS: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in `--columns` and in messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ $(Self::$own => $own_name),+ }
            }

            /// The field with exactly this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ $($own_name => Some(Self::$own),)+ _ => None }
            }

            /// The field that a header of a journal means by itself: its name or an alias, whatever the letter case and
            /// whether words are joined by spaces, dashes or underscores.
            #[must_use]
            pub fn of_header(header: &str) -> Option<Self> {
                Self::of_normalized(header).or_else(|| Self::of_normalized(&normalized(header)))
            }

            fn of_normalized(header: &str) -> Option<Self> {
                match header { $($name $(| $alias)* => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

fields! {
    /// What rows of one entry have in common.
    Entry "entry" | "entry_id" | "entry_no" | "entry_number" | "entry_key" | "journal_id" | "journal_no" | "journal_number"
        | "journal_entry" | "journal_entry_id" | "je" | "je_id" | "je_no" | "je_number" | "transaction_id" | "txn_id" | "txnidx"
        | "voucher" | "voucher_no" | "voucher_number",
    /// Effective date of the entry.
    Date "date" | "effective_date" | "entry_date" | "posting_date" | "journal_date" | "transaction_date" | "gl_date",
    /// Account code.
    Account "account" | "account_code" | "account_no" | "account_number" | "account_id" | "gl_account",
    /// Account name.
    AccountName "account_name" | "account_title",
    /// Account type.
    AccountType "account_type",
    /// Debit amount.
    Debit "debit" | "debit_amount" | "dr",
    /// Credit amount.
    Credit "credit" | "credit_amount" | "cr",
    /// Amount, debit positive, or without a sign beside `side`.
    Amount "amount" | "signed_amount",
    /// `D` or `C`, for amounts without a sign.
    Side "side" | "dc" | "d_c" | "dr_cr" | "debit_credit",
    /// Transaction currency.
    Currency "currency" | "currency_code" | "ccy" | "commodity",
    /// Functional amount, debit positive.
    Functional "functional" | "functional_amount" | "base_amount" | "local_amount",
    /// Functional amount of a debit.
    FunctionalDebit "functional_debit" | "base_debit" | "local_debit",
    /// Functional amount of a credit.
    FunctionalCredit "functional_credit" | "base_credit" | "local_credit",
    /// Units of the functional currency (or `rate_currency`) per unit of the currency.
    Rate "rate" | "exchange_rate" | "fx_rate",
    /// Spot, average or closing.
    RateType "rate_type",
    /// The rate's own date.
    RateDate "rate_date",
    /// What the rate is quoted in, where it is not the functional currency.
    RateCurrency "rate_currency",
    /// Where the rate came from.
    RateSource "rate_source",
    /// Customer, vendor or payee.
    Party "party" | "counterparty" | "contact" | "customer" | "vendor" | "supplier" | "payee",
    /// When the line falls due.
    DueDate "due_date" | "due" | "maturity_date",
    /// Invoice, bill or cheque number.
    Document "document" | "document_no" | "document_number" | "doc_no" | "invoice" | "invoice_no" | "invoice_number" | "reference" | "ref",
    /// Tax code.
    TaxCode "tax_code" | "vat_code",
    /// `key=value;key2=value2`.
    Tags "tags",
    /// The entry's id in the system it comes from.
    ExternalId "external_id" | "source_id",
    /// What happened.
    Description "description" | "narration" | "narrative" | "entry_description",
    /// A note on the line.
    Memo "memo" | "line_memo" | "line_description" | "note" | "notes",
    /// Ordinary, opening, closing, adjusting, reversal.
    Kind "kind" | "entry_kind";
    /// How many of something.
    Quantity "quantity",
    /// What one of them costs.
    UnitPrice "unit_price",
    /// The other side's number or purchase order.
    Reference "reference",
    /// The series in which the ledger numbers a document.
    Series "series",
    /// Days until a document falls due, or shares and their days.
    Terms "terms",
    /// First day of what is earned or spent over time.
    DeferralStart "deferral_start",
    /// Its last day.
    DeferralEnd "deferral_end",
    /// Where it waits.
    DeferralAccount "deferral_account",
    /// By days or by months.
    DeferralMethod "deferral_method",
    /// How much of a document a payment in another currency settles.
    Settled "settled",
    /// What the bank kept of a payment.
    BankCharge "bank_charge",
    /// Where that goes.
    ChargeAccount "charge_account",
}

impl Field {
    /// The field's position in [`Field::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Whether the field belongs to the entry as a whole, so that all its rows must agree.
    pub(crate) const fn is_of_entry(self) -> bool {
        matches!(self, Self::Entry | Self::Date | Self::ExternalId | Self::Kind)
    }
}

/// A header in lower case with `_` for everything between words.
pub(crate) fn normalized(header: &str) -> String {
    let mut out = String::with_capacity(header.len());
    for c in header.trim().chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_fields_however_they_are_written() {
        for (header, field) in [
            ("Entry ID", Some(Field::Entry)),
            (" Account-Code ", Some(Field::Account)),
            ("D/C", Some(Field::Side)),
            ("Posting  Date", Some(Field::Date)),
            ("journal", None),
            ("user", None),
        ] {
            assert_eq!(Field::of_header(header), field, "{header}");
        }
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(*field));
            assert_eq!(Field::ALL[field.index()], *field);
        }
        for field in Field::OF_JOURNALS {
            assert_eq!(Field::of_header(field.name()), Some(*field));
        }
    }
}
