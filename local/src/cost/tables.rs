//! What everything costs, as tables in Markdown.

use super::actions;
use super::prices::{Price, Service, US_EAST_1};
use super::rooms;
use super::usage::Usage;

/// Rooms of so many members are shown.
const ROOMS: [u32; 6] = [10, 20, 100, 200, 1_000, 10_000];
/// While so many messages come in a second.
const RATES: [f64; 3] = [1.0, 5.0, 50.0];
/// And for these it is shown from how many members on the stream is worth it.
const BREAK_EVEN_RATES: [f64; 8] = [1.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0, 50.0];

/// Everything, each table with a line before it that says what it is.
pub fn all() -> String {
    format!(
        "What is paid for, in us-east-1:\n\n{}\nWhat a million cost, in US dollars:\n\n{}\nWhat a million messages into a room cost, in US dollars, and how many times cheaper the stream is:\n\n{}\nFrom how many members on the stream is worth it:\n\n{}",
        prices(),
        actions(),
        rooms(),
        break_even(),
    )
}

/// The price list.
pub fn prices() -> String {
    let row = |Price { name, dollars, unit, source, .. }: Price| {
        vec![name.to_owned(), format!("{dollars}"), unit.to_owned(), source.to_owned()]
    };
    table(
        &["what", "$", "for a", "source"],
        &Usage::default().priced(&US_EAST_1).map(|(price, _)| row(price)),
    )
}

/// What single people do.
pub fn actions() -> String {
    let row = |action: actions::Action| {
        let usage = action.work.usage() * MILLION;
        let to = |service| money(usage.dollars_to(service, &US_EAST_1));
        let name = match action.number {
            0 => action.name.to_owned(),
            number => action.name.replace('N', &number.to_string()),
        };
        vec![
            name,
            to(Service::ApiGateway),
            to(Service::Lambda),
            to(Service::DynamoDb),
            to(Service::OutAndLogs),
            million(usage),
        ]
    };
    let heads =
        ["a million times", "API Gateway", "Lambda", "DynamoDB", "data out, logs", "together"];
    table(&heads, &actions::all().into_iter().map(row).collect::<Vec<_>>())
}

/// A message into a room, both ways, at some rates.
pub fn rooms() -> String {
    let row = |members: u32| {
        let direct = rooms::direct(members).usage();
        let by_stream = RATES.map(|rate| rooms::by_stream(members, rate).usage());
        let times = by_stream.map(|it| direct.dollars(&US_EAST_1) / it.dollars(&US_EAST_1));
        let costs = by_stream.iter().map(|usage| million(*usage * MILLION));
        let mut row = vec![thousands(&members.to_string()), million(direct * MILLION)];
        row.extend(costs);
        row.extend(times.map(|times| format!("{times:.2}")));
        row
    };
    let mut heads = vec!["members".to_owned(), "direct".to_owned()];
    heads.extend(RATES.map(|rate| format!("by the stream at {rate} a second")));
    heads.extend(RATES.map(|rate| format!("times cheaper at {rate}")));
    let heads: Vec<_> = heads.iter().map(String::as_str).collect();
    table(&heads, &ROOMS.map(row))
}

/// From how many members on the stream is cheaper than direct, and five times cheaper.
pub fn break_even() -> String {
    let from = |share: f64, rate: f64| {
        let members = rooms::cheaper_from(share, rate, &US_EAST_1);
        members.map_or_else(|| "never".to_owned(), |members| thousands(&members.to_string()))
    };
    let row = |rate: f64| {
        let batch = format!("{:.2}", rooms::batch(rate));
        vec![format!("{rate}"), batch, from(1.0, rate), from(0.2, rate)]
    };
    let heads = [
        "messages a second",
        "of them brought at once",
        "cheaper from so many members on",
        "five times cheaper",
    ];
    table(&heads, &BREAK_EVEN_RATES.map(row))
}

const MILLION: f64 = 1_000_000.0;

fn million(usage: Usage) -> String {
    money(usage.dollars(&US_EAST_1))
}

fn money(dollars: f64) -> String {
    thousands(&format!("{dollars:.2}"))
}

/// A number with its thousands apart.
fn thousands(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// Lines of equal length, so that a terminal shows them well too.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let is_number =
        |cell: &str| cell == "never" || cell.starts_with(|first: char| first.is_ascii_digit());
    let is_text = |column: usize| !rows.iter().all(|row| is_number(&row[column]));
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if is_text(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(column, width)| {
        let dashes = "-".repeat(*width);
        if is_text(column) { format!("-{dashes}-") } else { format!("-{dashes}:") }
    });
    let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
    let lines: String = rows.iter().map(|row| line(row)).collect();
    line(&heads) + &rule + &lines
}
