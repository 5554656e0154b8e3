//! What tax comes to: worked figures of other systems, and the laws over random lines.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the worked figures lie outside the project")]

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ledger_core::AccountNo;
use ledger_core::money::decimal_of;
use ledger_core::rounding::Rounding;
use ledger_core::subledger::tax::{TaxCode, TaxComponent, TaxLine, TaxRounding, TaxRules, Taxed, compute};
use proptest::prelude::*;
use rust_decimal::Decimal;

const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn component(name: &str, rate: &str) -> TaxComponent {
    TaxComponent {
        name: name.into(),
        rate: dec(rate),
        from: None,
        to: None,
        compound: false,
        account: AccountNo::new(1),
        recoverable: Decimal::ONE_HUNDRED,
        reverse_charge: None,
        withheld: false,
        report_box: "".into(),
    }
}

fn code(name: &str, components: Vec<TaxComponent>) -> TaxCode {
    let code = TaxCode { code: name.into(), name: "".into(), components };
    assert_eq!(code.fault(), None);
    code
}

fn rules(per: TaxRounding, included: bool, scale: u8) -> TaxRules {
    TaxRules { date: DAY, per, rounding: Rounding::HalfUp, included, purchase: false, scale }
}

fn taxed(amounts: &[&str], code: &TaxCode, rules: &TaxRules) -> Taxed {
    let lines: Vec<TaxLine<'_>> = amounts.iter().map(|amount| TaxLine { amount: dec(amount), code: Some(code) }).collect();
    let taxed = compute(&lines, rules).unwrap();
    lawful(&lines, &taxed, rules);
    taxed
}

/// The laws that every taxed document keeps.
#[track_caller]
fn lawful(lines: &[TaxLine<'_>], taxed: &Taxed, rules: &TaxRules) {
    assert_eq!(taxed.lines.iter().map(|line| line.net).sum::<i128>(), taxed.net, "Σ line net = document net");
    assert_eq!(taxed.rows.iter().map(|row| row.tax).sum::<i128>(), taxed.tax, "Σ tax rows = document tax");
    assert_eq!(taxed.lines.iter().map(|line| line.tax).sum::<i128>(), taxed.tax, "the lines' shares sum to the tax");
    assert_eq!(taxed.net + taxed.tax, taxed.total);
    let cost: i128 = taxed
        .rows
        .iter()
        .filter(|row| rules.purchase && !is_due(row) && !is_withheld(lines, row))
        .map(|row| row.tax - row.recoverable)
        .sum();
    assert_eq!(taxed.lines.iter().map(|line| line.cost).sum::<i128>(), cost, "the lines' costs are what is not recoverable");
    if rules.included {
        let gross: i128 =
            lines.iter().map(|line| ledger_core::rounding::round_units(line.amount, rules.scale, rules.rounding).unwrap()).sum();
        let withheld: i128 = taxed.rows.iter().filter(|row| is_withheld(lines, row)).map(|row| row.tax).sum();
        assert_eq!(taxed.total - withheld, gross, "an inclusive gross is exact");
    }
}

fn is_due(row: &ledger_core::subledger::tax::TaxRow) -> bool {
    row.reverse_charge && row.account == AccountNo::new(2)
}

fn is_withheld(lines: &[TaxLine<'_>], row: &ledger_core::subledger::tax::TaxRow) -> bool {
    let codes = lines.iter().filter_map(|line| line.code).filter(|code| code.code == row.code);
    codes.flat_map(|code| &code.components).any(|component| component.name == row.component && component.withheld)
}

fn cases(file: &str) -> Option<Vec<Vec<String>>> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join("cases").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {} (set LEDGER_SHARED_DATA)", path.display());
        return None;
    };
    Some(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

/// The lines that a case's words mean, after discounts: the unit price may have more digits than the currency.
fn case_lines(case: &str) -> (&'static [&'static str], u8) {
    match case {
        "T1" => (&["5350.656"], 2), // 348.35 × 16 less 4 %
        "T2" => (&["36.856", "9.21"], 2),
        "T3" => (&["11.90", "2.80"], 2),
        "T4" => (&["36.00"], 2),
        "T5" => (&["12345"], 0),
        "T6" => (&["10.00", "10.00", "10.00"], 2),
        other => panic!("case {other:?} is new: say what its lines are"),
    }
}

#[test]
fn worked_figures_of_other_systems() {
    let Some(rows) = cases("tax_rounding_expected.csv") else { return };
    assert!(rows.len() >= 6);
    for row in rows {
        let [case, _, _, rate, inclusive, per_line, per_document, total_line, total_document, ..] = &row[..] else { panic!("{row:?}") };
        let code = code("V", vec![component("VAT", rate.trim_end_matches('%'))]);
        let (amounts, scale) = case_lines(case);
        for (per, tax, total) in [(TaxRounding::PerLine, per_line, total_line), (TaxRounding::PerDocument, per_document, total_document)] {
            let found = taxed(amounts, &code, &rules(per, inclusive == "yes", scale));
            let (tax, of_net) = match tax.strip_prefix("net ") {
                Some(net) => (net, true),
                None => (tax.split(' ').next().unwrap(), false),
            };
            let compared = if of_net { found.net } else { found.tax };
            assert_eq!(decimal_of(compared, scale), dec(tax), "{case} {per:?}");
            if !total.is_empty() {
                assert_eq!(decimal_of(found.total, scale), dec(total), "{case} {per:?}");
            }
        }
    }
}

/// What the notes of the same cases say besides.
#[test]
fn notes_of_the_worked_figures() {
    let (vat5, vat21, vat15) = ("5.5", "21", "15");
    let per_line = |rate, amounts: &[&str], included| {
        taxed(amounts, &code("V", vec![component("VAT", rate)]), &rules(TaxRounding::PerLine, included, 2))
    };
    let per_document = |rate, amounts: &[&str], included| {
        taxed(amounts, &code("V", vec![component("VAT", rate)]), &rules(TaxRounding::PerDocument, included, 2))
    };
    assert_eq!(per_line(vat5, &["3.60"; 10], false).total, 3800, "T4: ten lines of one, 0.20 each");
    assert_eq!(per_document(vat5, &["3.60"; 10], false).total, 3798, "T4: ten lines of one, per document");
    assert_eq!(per_line(vat21, &["11.90", "2.80"], true).net, 1214, "T3");
    assert_eq!(per_document(vat21, &["11.90", "2.80"], true).net, 1215, "T3");
    let nets = |taxed: Taxed| taxed.lines.iter().map(|line| line.net).collect::<Vec<_>>();
    assert_eq!(nets(per_line(vat15, &["10.00"; 3], true)), [870, 870, 870], "T6");
    assert_eq!(nets(per_document(vat15, &["10.00"; 3], true)), [869, 870, 870], "T6: line nets and document net are never mixed");
    let half_even = TaxRules { rounding: Rounding::HalfEven, ..rules(TaxRounding::PerLine, false, 0) };
    assert_eq!(taxed(&["12345"], &code("V", vec![component("VAT", "10")]), &half_even).tax, 1234, "T5: half-even, where it is chosen");
}

#[test]
fn compound_withheld_reverse_charge_and_irrecoverable() {
    let gst_pst = code("CA", vec![component("GST", "5"), TaxComponent { compound: true, ..component("PST", "9.975") }]);
    let found = taxed(&["100.00"], &gst_pst, &rules(TaxRounding::PerLine, false, 2));
    assert_eq!((found.rows[0].tax, found.rows[1].tax, found.rows[1].base), (500, 1047, 10_500));
    let found = taxed(&["115.47"], &gst_pst, &rules(TaxRounding::PerLine, true, 2));
    assert_eq!((found.net, found.rows[0].tax, found.rows[1].tax), (10_000, 500, 1047));

    let irpf = code("ES", vec![component("IVA", "21"), TaxComponent { withheld: true, ..component("IRPF", "15") }]);
    let found = taxed(&["100.00"], &irpf, &rules(TaxRounding::PerLine, false, 2));
    assert_eq!((found.total, found.rows[1].tax), (10_600, -1500));

    let reverse =
        code("RC", vec![TaxComponent { reverse_charge: Some(AccountNo::new(2)), recoverable: dec("50"), ..component("VAT", "20") }]);
    let purchase = TaxRules { purchase: true, ..rules(TaxRounding::PerLine, false, 2) };
    let found = taxed(&["100.00"], &reverse, &purchase);
    assert_eq!((found.total, found.lines[0].cost), (10_000, 1000), "both sides: nothing is owed to the vendor, half is cost");
    assert_eq!(
        found.rows.iter().map(|row| (row.tax, row.recoverable, row.account.get())).collect::<Vec<_>>(),
        [(2000, 1000, 1), (-2000, 0, 2)]
    );
    let sale = taxed(&["100.00"], &reverse, &rules(TaxRounding::PerLine, false, 2));
    assert_eq!(
        (sale.total, sale.rows[0].base, sale.rows[0].tax, sale.rows.len()),
        (10_000, 10_000, 0, 1),
        "the seller reports the base only"
    );

    let entertaining = code("E", vec![TaxComponent { recoverable: dec("66.6667"), ..component("VAT", "20") }]);
    let found = taxed(&["10.00", "20.01"], &entertaining, &TaxRules { per: TaxRounding::PerDocument, ..purchase });
    assert_eq!((found.tax, found.rows[0].recoverable, found.lines[0].cost + found.lines[1].cost), (600, 400, 200));
}

#[test]
fn components_are_dated() {
    let until = TaxComponent { to: DAY.pred_opt(), ..component("VAT", "19") };
    let from = TaxComponent { from: Some(DAY), ..component("VAT", "16") };
    let dated = code("V", vec![until, from]);
    for (date, tax) in [(DAY.pred_opt().unwrap(), 1900), (DAY, 1600)] {
        let found = taxed(&["100.00"], &dated, &TaxRules { date, ..rules(TaxRounding::PerLine, false, 2) });
        assert_eq!((found.tax, found.rows.len()), (tax, 1), "{date}");
    }
}

#[test]
fn faulty_codes_say_so() {
    let faulty = |components: Vec<TaxComponent>| TaxCode { code: "X".into(), name: "".into(), components }.fault().is_some();
    assert!(faulty(vec![]));
    assert!(faulty(vec![component("VAT", "-1")]));
    assert!(faulty(vec![component("VAT", "1.00001")]));
    assert!(faulty(vec![TaxComponent { recoverable: dec("101"), ..component("VAT", "1") }]));
    assert!(faulty(vec![TaxComponent { withheld: true, reverse_charge: Some(AccountNo::new(2)), ..component("VAT", "1") }]));
    assert!(faulty(vec![TaxComponent { from: Some(DAY), to: DAY.pred_opt(), ..component("VAT", "1") }]));
    assert!(faulty(vec![TaxComponent { compound: true, ..component("VAT", "1") }; 4]));
}

fn any_component(no: usize) -> impl Strategy<Value = TaxComponent> {
    (0_i64..300_000, 0_u32..5, any::<bool>(), 0_u32..=100, 0_u8..6).prop_map(move |(rate, scale, compound, recoverable, kind)| {
        TaxComponent {
            rate: Decimal::new(rate, scale.max(3)),
            compound: compound && (1..=3).contains(&no),
            recoverable: recoverable.into(),
            reverse_charge: (kind == 0).then_some(AccountNo::new(2)),
            withheld: kind == 1,
            ..component(&format!("c{no}"), "0")
        }
    })
}

fn any_code(name: &'static str) -> impl Strategy<Value = TaxCode> {
    (any_component(0), any_component(1), any_component(2), any_component(3), 1_usize..=4)
        .prop_map(move |(a, b, c, d, count)| code(name, [a, b, c, d].into_iter().take(count).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn laws_over_random_lines(
        (one, two) in (any_code("one"), any_code("two")),
        lines in prop::collection::vec((-10_000_000_i64..100_000_000, 0_u32..6, 0_u8..3), 1..12),
        (per_document, included, purchase, half_even, scale) in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0_u8..4),
    ) {
        let code = |no: u8| match no { 0 => None, 1 => Some(&one), _ => Some(&two) };
        let lines: Vec<TaxLine<'_>> =
            lines.into_iter().map(|(amount, digits, no)| TaxLine { amount: Decimal::new(amount, digits), code: code(no) }).collect();
        let rules = TaxRules {
            date: DAY,
            per: if per_document { TaxRounding::PerDocument } else { TaxRounding::PerLine },
            rounding: if half_even { Rounding::HalfEven } else { Rounding::HalfUp },
            included,
            purchase,
            scale,
        };
        lawful(&lines, &compute(&lines, &rules).unwrap(), &rules);
    }

    /// A plain tax per document is that of the sum, never off by the lines.
    #[test]
    fn per_document_is_the_tax_of_the_sum(amounts in prop::collection::vec(0_i64..1_000_000, 1..12), rate in 0_i64..3_000) {
        let code = code("V", vec![TaxComponent { rate: Decimal::new(rate, 2), ..component("VAT", "0") }]);
        let lines: Vec<TaxLine<'_>> = amounts.iter().map(|amount| TaxLine { amount: Decimal::new(*amount, 3), code: Some(&code) }).collect();
        let sum: Decimal = lines.iter().map(|line| line.amount).sum();
        let found = compute(&lines, &rules(TaxRounding::PerDocument, false, 2)).unwrap();
        let exact = sum * Decimal::new(rate, 4);
        prop_assert_eq!(decimal_of(found.tax, 2), exact.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero));
    }
}
