//! Text to catalog: every mistake is found, not only the first.

use std::collections::HashSet;
use std::sync::Arc;

use syntopen_shared::config::Environment;
use syntopen_shared::price::{Prices, Tokens};
use toml::{Table, Value};

use super::prices::Tier;
use super::section::Section;
use super::upstreams::Upstreams;
use super::{Candidate, Catalog, Idle, InvalidCatalog, Model, PartTokens, PriceList};

/// The most that any vendor counts for an image, rounded up: `gpt-4o-mini`'s 48,169.
const DEFAULT_IMAGE_TOKENS: u64 = 50_000;
/// Beyond an hour's recording at ten tokens a second.
const DEFAULT_AUDIO_TOKENS: u64 = 50_000;
/// Finer shares, and more steps of preference, are a slip.
const WEIGHT_MAX: u32 = 1_000_000;
const PRIORITY_MAX: u32 = 1_000_000;

pub(super) fn catalog(text: &str, environment: &Environment) -> Result<Catalog, InvalidCatalog> {
    let mut table: Table = text.parse().map_err(|error| InvalidCatalog(vec![syntax(text, &error)]))?;
    let mut problems = Vec::new();
    let upstreams = match table.remove("upstreams") {
        Some(Value::Table(table)) => Upstreams::read(table, environment, &mut problems),
        _ => {
            problems.push("upstreams: at least one [upstreams.NAME] must be there".to_owned());
            Upstreams::default()
        }
    };
    let models = match table.remove("models") {
        Some(Value::Array(items)) if !items.is_empty() => read_models(items, &upstreams, &mut problems),
        _ => {
            problems.push("models: at least one [[models]] must be there".to_owned());
            Vec::new()
        }
    };
    Section::new("the file".to_owned(), table, &mut problems).finish();
    if problems.is_empty() { Ok(Catalog::of(models, upstreams.switched_off)) } else { Err(InvalidCatalog(problems)) }
}

/// What is wrong and in which line. The line itself is not shown: it may hold a credential, put there by mistake.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

fn read_models(items: Vec<Value>, upstreams: &Upstreams, problems: &mut Vec<String>) -> Vec<Model> {
    let mut seen = HashSet::new();
    let mut models = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        let Value::Table(table) = item else {
            problems.push(format!("models[{position}]: must be a table"));
            continue;
        };
        let mut section = Section::new(format!("models[{position}]"), table, problems);
        let id = section.name("id");
        if let Some(id) = &id {
            section.subject = format!("model {id}");
            if !seen.insert(id.clone()) {
                section.refuse("id", "is used by another model, too");
            }
        }
        models.extend(read_model(id, section, upstreams));
    }
    models
}

/// One model; `None` where something that it cannot be without is missing or wrong.
fn read_model(id: Option<String>, mut section: Section<'_>, upstreams: &Upstreams) -> Option<Model> {
    let context_length = section.tokens("context_length");
    let max_output_tokens = section.tokens("max_output_tokens");
    if let (Some(context), Some(output)) = (context_length, max_output_tokens)
        && output > context
    {
        section.refuse("max_output_tokens", format_args!("must not be above context_length, {context}"));
    }
    let images = section.flag("images");
    let part_tokens = read_part_tokens(&mut section, context_length.unwrap_or(u64::MAX));
    let sizes = Sizes { context: context_length, output: max_output_tokens };
    let sell = PriceFields { prices: "price", tiers: "tiers" };
    let prices = read_price_list(&mut section, sell, sizes);
    if prices == Listed::Absent {
        section.refuse("price", "is missing: a model without a price is not sold");
    }
    let Ways { candidates, idle } = read_candidates(&mut section, upstreams, sizes);
    section.finish();
    let (Listed::Present(prices), Some(id)) = (prices, id) else { return None };
    Some(Model {
        id: id.into(),
        context_length: context_length?,
        max_output_tokens: max_output_tokens?,
        images,
        part_tokens,
        prices,
        candidates,
        idle,
    })
}

fn read_part_tokens(section: &mut Section<'_>, context_length: u64) -> PartTokens {
    let (mut image, mut audio, mut file) = (None, None, None);
    if let Some(mut parts) = section.optional_section("part_tokens") {
        (image, audio, file) =
            (parts.optional_tokens("image"), parts.optional_tokens("audio"), parts.optional_tokens("file"));
        parts.finish();
    }
    PartTokens {
        image: image.unwrap_or(DEFAULT_IMAGE_TOKENS).min(context_length),
        audio: audio.unwrap_or(DEFAULT_AUDIO_TOKENS).min(context_length),
        file: file.unwrap_or(context_length).min(context_length),
    }
}

/// The ways to serve a model, ascending by priority.
#[derive(Default)]
struct Ways {
    candidates: Vec<Arc<Candidate>>,
    idle: Vec<Idle>,
}

fn read_candidates(section: &mut Section<'_>, upstreams: &Upstreams, sizes: Sizes) -> Ways {
    let items = section.array("upstreams");
    if items.is_empty() {
        section.refuse("upstreams", "must name at least one upstream");
    }
    let mut ways = Ways::default();
    for (position, item) in items.into_iter().enumerate() {
        let Some(mut item) = section.item("upstreams", position, item) else { continue };
        let name = item.string("upstream");
        let model = item.name("model");
        let weight = item.optional_number("weight", 1..=WEIGHT_MAX).unwrap_or(1);
        let priority = item.optional_number("priority", 0..=PRIORITY_MAX).unwrap_or(0);
        let cost = read_price_list(&mut item, PriceFields { prices: "cost", tiers: "cost_tiers" }, sizes);
        let known = name.as_ref().map(|name| upstreams.by_name.get(name));
        if let (Some(name), Some(None)) = (&name, known) {
            item.refuse("upstream", format_args!("{name:?} is not among [upstreams]"));
        }
        item.finish();
        let cost = if let Listed::Present(cost) = cost { Some(cost) } else { None };
        match (known.flatten(), name, model) {
            (Some(Some(upstream)), _, Some(model)) => {
                let (upstream, model) = (Arc::clone(upstream), model.into());
                ways.candidates.push(Arc::new(Candidate { upstream, model, cost, weight, priority }));
            }
            (Some(None), Some(upstream), Some(model)) => {
                ways.idle.push(Idle { upstream, model, cost, weight, priority });
            }
            _ => {}
        }
    }
    ways.candidates.sort_by_key(|candidate| candidate.priority);
    ways.idle.sort_by_key(|idle| idle.priority);
    ways
}

/// The largest request of a model, as far as the file says it.
#[derive(Clone, Copy)]
struct Sizes {
    context: Option<u64>,
    output: Option<u64>,
}

/// Under which names a price list stands.
#[derive(Clone, Copy)]
struct PriceFields {
    prices: &'static str,
    tiers: &'static str,
}

/// What was found where a price list may stand.
#[derive(PartialEq, Eq)]
enum Listed {
    Present(PriceList),
    Absent,
    Wrong,
}

fn read_price_list(section: &mut Section<'_>, fields: PriceFields, sizes: Sizes) -> Listed {
    let tiers = section.array(fields.tiers);
    let base = match section.optional_section(fields.prices) {
        Some(mut prices) => {
            let read = read_prices(&mut prices);
            prices.finish();
            read
        }
        None if tiers.is_empty() => return Listed::Absent,
        None => {
            section.refuse(fields.tiers, format_args!("needs {} beside it", fields.prices));
            None
        }
    };
    let tiers = read_tiers(section, fields.tiers, tiers, sizes);
    let (Some(base), Some(tiers)) = (base, tiers) else { return Listed::Wrong };
    let list = PriceList::new(base, tiers);
    if !is_chargeable(&list, sizes) {
        section.refuse(fields.prices, "is too dear: the cost of one request would be beyond all balances");
        return Listed::Wrong;
    }
    Listed::Present(list)
}

/// Input and output must be there; what is not published costs as much as what it is a kind of.
fn read_prices(section: &mut Section<'_>) -> Option<Prices> {
    let (input, output) = (section.price("input"), section.price("output"));
    let cached_input = section.optional_price("cached_input");
    let cache_write = section.optional_price("cache_write");
    let cache_write_1h = section.optional_price("cache_write_1h");
    let (input, output) = (input?, output?);
    let cache_write = cache_write.unwrap_or(input);
    Some(Prices {
        input,
        cached_input: cached_input.unwrap_or(input),
        cache_write,
        cache_write_1h: cache_write_1h.unwrap_or(cache_write),
        output,
    })
}

fn read_tiers(section: &mut Section<'_>, field: &str, items: Vec<Value>, sizes: Sizes) -> Option<Vec<Tier>> {
    let count = items.len();
    let mut tiers = Vec::with_capacity(count);
    let mut last = 0;
    for (position, item) in items.into_iter().enumerate() {
        let Some(mut item) = section.item(field, position, item) else { continue };
        let above = item.tokens("above");
        let prices = read_prices(&mut item);
        if let Some(above) = above {
            if above <= last {
                item.refuse("above", "must be greater than that of the tier before it");
            }
            if let Some(context) = sizes.context.filter(|context| above >= *context) {
                item.refuse("above", format_args!("must be below context_length, {context}, or nothing reaches it"));
            }
            last = above;
        }
        item.finish();
        tiers.extend(above.zip(prices).map(|(above, prices)| Tier { above, prices }));
    }
    (tiers.len() == count).then_some(tiers)
}

/// Whether the dearest request has a cost that can be stored.
fn is_chargeable(list: &PriceList, sizes: Sizes) -> bool {
    let mut dearest = list.dearest();
    dearest.input = dearest.dearest_input();
    let (input, output) = (sizes.context.unwrap_or(0), sizes.output.unwrap_or(0));
    dearest.cost(&Tokens { input, output, ..Tokens::default() }).is_some()
}
