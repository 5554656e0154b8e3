//! The company's chart of accounts.

use std::fmt::Write as _;

/// Code, name, type, sub-type, code of the account above.
type Account = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Product lines: name, and the accounts of their stock, revenue and cost.
pub(super) const PRODUCTS: [(&str, &str, &str, &str); 6] = [
    ("Hand tools", "1210", "4010", "5010"),
    ("Power tools", "1220", "4020", "5020"),
    ("Fasteners", "1230", "4030", "5030"),
    ("Electrical", "1240", "4040", "5040"),
    ("Plumbing", "1250", "4050", "5050"),
    ("Safety wear", "1260", "4060", "5060"),
];

/// Sums its children and takes no postings.
const SUM: &str = "summary";
/// On the side opposite to its type's.
const CONTRA: &str = "contra";

const ACCOUNTS: &[Account] = &[
    ("1000", "Cash and banks", "asset", SUM, ""),
    ("1010", "Petty cash", "asset", "cash", "1000"),
    ("1020", "Operating account USD", "asset", "bank", "1000"),
    ("1030", "Payroll account USD", "asset", "bank", "1000"),
    ("1040", "Euro account", "asset", "bank", "1000"),
    ("1050", "Sterling account", "asset", "bank", "1000"),
    ("1100", "Receivables", "asset", SUM, ""),
    ("1110", "Trade receivables", "asset", "receivable", "1100"),
    ("1200", "Inventory", "asset", SUM, ""),
    ("1210", "Hand tools", "asset", "inventory", "1200"),
    ("1220", "Power tools", "asset", "inventory", "1200"),
    ("1230", "Fasteners", "asset", "inventory", "1200"),
    ("1240", "Electrical", "asset", "inventory", "1200"),
    ("1250", "Plumbing", "asset", "inventory", "1200"),
    ("1260", "Safety wear", "asset", "inventory", "1200"),
    ("1270", "Goods on their way", "asset", "inventory", "1200"),
    ("1300", "Prepaid expenses", "asset", SUM, ""),
    ("1310", "Prepaid insurance", "asset", "prepaid_expense", "1300"),
    ("1320", "Prepaid software", "asset", "prepaid_expense", "1300"),
    ("1400", "Revaluation of foreign balances", "asset", "valuation_adjustment", ""),
    ("1500", "Fixed assets", "asset", SUM, ""),
    ("1510", "Warehouse equipment", "asset", "fixed_asset", "1500"),
    ("1520", "Vehicles", "asset", "fixed_asset", "1500"),
    ("1530", "Office and IT", "asset", "fixed_asset", "1500"),
    ("1610", "Depreciation of warehouse equipment", CONTRA, "accumulated_depreciation", "1500"),
    ("1620", "Depreciation of vehicles", CONTRA, "accumulated_depreciation", "1500"),
    ("1630", "Depreciation of office and IT", CONTRA, "accumulated_depreciation", "1500"),
    ("2000", "Payables", "liability", SUM, ""),
    ("2010", "Trade payables", "liability", "payable", "2000"),
    ("2020", "Credit card", "liability", "", "2000"),
    ("2030", "Commissions accrued", "liability", "", "2000"),
    ("2200", "Taxes owed", "liability", SUM, ""),
    ("2210", "Sales tax", "liability", "tax", "2200"),
    ("2220", "Payroll taxes", "liability", "tax", "2200"),
    ("2230", "Income tax", "liability", "tax", "2200"),
    ("2300", "Loans", "liability", SUM, ""),
    ("2310", "Term loan", "liability", "", "2300"),
    ("2320", "Credit line", "liability", "", "2300"),
    ("2400", "Service contracts not yet earned", "liability", "deferred_revenue", ""),
    ("3000", "Equity", "equity", SUM, ""),
    ("3010", "Share capital", "equity", "", "3000"),
    ("3020", "Retained earnings", "equity", "retained_earnings", "3000"),
    ("3030", "Dividends", CONTRA, "", "3000"),
    ("4000", "Sales", "revenue", SUM, ""),
    ("4010", "Hand tools sold", "revenue", "", "4000"),
    ("4020", "Power tools sold", "revenue", "", "4000"),
    ("4030", "Fasteners sold", "revenue", "", "4000"),
    ("4040", "Electrical sold", "revenue", "", "4000"),
    ("4050", "Plumbing sold", "revenue", "", "4000"),
    ("4060", "Safety wear sold", "revenue", "", "4000"),
    ("4070", "Service contracts", "revenue", "", "4000"),
    ("4900", "Returns", CONTRA, "", "4000"),
    ("4910", "Discounts allowed", CONTRA, "", "4000"),
    ("5000", "Cost of sales", "expense", SUM, ""),
    ("5010", "Cost of hand tools", "expense", "cogs", "5000"),
    ("5020", "Cost of power tools", "expense", "cogs", "5000"),
    ("5030", "Cost of fasteners", "expense", "cogs", "5000"),
    ("5040", "Cost of electrical", "expense", "cogs", "5000"),
    ("5050", "Cost of plumbing", "expense", "cogs", "5000"),
    ("5060", "Cost of safety wear", "expense", "cogs", "5000"),
    ("5100", "Inbound freight and duty", "expense", "cogs", "5000"),
    ("5200", "Shrinkage", "expense", "cogs", "5000"),
    ("6000", "People", "expense", SUM, ""),
    ("6010", "Wages, warehouse", "expense", "", "6000"),
    ("6020", "Salaries, sales", "expense", "", "6000"),
    ("6030", "Salaries, administration", "expense", "", "6000"),
    ("6040", "Employer's payroll taxes", "expense", "", "6000"),
    ("6050", "Benefits", "expense", "", "6000"),
    ("6100", "Premises", "expense", SUM, ""),
    ("6110", "Rent", "expense", "", "6100"),
    ("6120", "Utilities", "expense", "", "6100"),
    ("6130", "Repairs", "expense", "", "6100"),
    ("6200", "Distribution", "expense", SUM, ""),
    ("6210", "Outbound freight", "expense", "", "6200"),
    ("6220", "Vehicles", "expense", "", "6200"),
    ("6230", "Packaging", "expense", "", "6200"),
    ("6300", "Marketing", "expense", SUM, ""),
    ("6310", "Advertising", "expense", "", "6300"),
    ("6320", "Travel", "expense", "", "6300"),
    ("6330", "Trade fairs", "expense", "", "6300"),
    ("6340", "Commissions", "expense", "commission", "6300"),
    ("6400", "Administration", "expense", SUM, ""),
    ("6410", "Insurance", "expense", "", "6400"),
    ("6420", "Software", "expense", "", "6400"),
    ("6430", "Telephone", "expense", "", "6400"),
    ("6440", "Professional fees", "expense", "", "6400"),
    ("6450", "Office supplies", "expense", "", "6400"),
    ("6460", "Bank charges", "expense", "", "6400"),
    ("6470", "Bad debts", "expense", "", "6400"),
    ("6500", "Depreciation", "expense", SUM, ""),
    ("6510", "Warehouse equipment used up", "expense", "", "6500"),
    ("6520", "Vehicles used up", "expense", "", "6500"),
    ("6530", "Office and IT used up", "expense", "", "6500"),
    ("7000", "Finance", "expense", SUM, ""),
    ("7010", "Interest", "expense", "", "7000"),
    ("7020", "Exchange differences", "expense", "fx_gain_loss", "7000"),
    ("8010", "Income tax", "expense", "", ""),
];

/// The chart as CSV, and its number of accounts.
pub(super) fn csv() -> (String, u64) {
    let mut text = String::from("account,name,type,sub_type,parent,contra,summary\n");
    for (code, name, kind, sub_type, parent) in ACCOUNTS {
        let contra = *kind == CONTRA;
        let kind = match (contra, code.as_bytes().first()) {
            (true, Some(b'1')) => "asset",
            (true, Some(b'3')) => "equity",
            (true, _) => "revenue",
            (false, _) => kind,
        };
        let summary = *sub_type == SUM;
        let sub_type = if summary { "" } else { sub_type };
        let _ = writeln!(text, "{code},\"{name}\",{kind},{sub_type},{parent},{contra},{summary}");
    }
    (text, u64::try_from(ACCOUNTS.len()).unwrap_or(u64::MAX))
}
