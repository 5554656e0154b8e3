//! Tax codes and their components.

use ledger_core::Command;
use ledger_core::command::{DefineTaxCode, DraftTaxComponent};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use super::objects::only_objects;
use super::scalars::{Day, Plain, Rate};

only_objects!(NewTaxCode, NewTaxComponent);

/// A tax code to define, or to change: its components are all that it has from now on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "code": "VAT20", "name": "VAT 20 %", "components": [{"name": "VAT", "rate": "20", "account": "2200", "report_box": "1"}]
}))]
pub struct NewTaxCode {
    /// Its code.
    #[schema(example = "VAT20")]
    pub code: Plain,
    /// Its name, for people.
    #[serde(default)]
    pub name: Plain,
    /// In the order in which they are computed.
    pub components: Vec<NewTaxComponent>,
}

/// One tax among those of a code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewTaxComponent {
    /// Its name.
    #[schema(example = "VAT")]
    pub name: Plain,
    /// In percent.
    pub rate: Rate,
    /// Code of the account where it goes.
    pub account: Plain,
    /// The first day it holds for.
    pub from: Option<Day>,
    /// The last day it holds for.
    pub to: Option<Day>,
    /// Whether it is computed on the net and the earlier components.
    #[serde(default)]
    pub compound: bool,
    /// How much of it can be recovered, in percent; 100 where not stated.
    pub recoverable: Option<Rate>,
    /// On purchases the buyer owes it: code of the account to which.
    pub reverse_charge: Option<Plain>,
    /// Whether whoever pays keeps it back.
    #[serde(default)]
    pub withheld: bool,
    /// The box of the tax report.
    #[serde(default)]
    pub report_box: Plain,
}

impl NewTaxCode {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        let components = self.components.into_iter().map(NewTaxComponent::draft).collect();
        Command::DefineTaxCode(Box::new(DefineTaxCode { code: self.code.0, name: self.name.0, components }))
    }
}

impl NewTaxComponent {
    fn draft(self) -> DraftTaxComponent {
        DraftTaxComponent {
            name: self.name.0,
            rate: self.rate.0,
            from: self.from.map(|day| day.0),
            to: self.to.map(|day| day.0),
            compound: self.compound,
            account: self.account.account(),
            recoverable: self.recoverable.map_or(Decimal::ONE_HUNDRED, |share| share.0),
            reverse_charge: self.reverse_charge.map(Plain::account),
            withheld: self.withheld,
            report_box: self.report_box.0,
        }
    }
}
