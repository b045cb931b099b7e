//! The sums of the last days, for charts and for the table beside them.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::usage::{DaySum, Figures, Overview, ShowOverview};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::viewer::Signed;

/// The ranges that are offered.
pub(crate) const RANGES: [u32; 3] = [7, 30, 90];
const DEFAULT: u32 = 30;
/// More colours than these nobody can tell apart; what remains is one series.
const SERIES_MAX: usize = 8;
const DAY_S: i64 = 86_400;

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    days: String,
}

/// The days of a chart.
#[derive(Debug, Serialize)]
pub(crate) struct Days {
    /// Each day, as `2026-11-24`.
    pub(crate) days: Vec<String>,
    /// What was spent on them, by model, most first.
    pub(crate) models: Vec<Series>,
    /// All requests on them.
    pub(crate) requests: Vec<i64>,
    /// Those that failed.
    pub(crate) failed: Vec<i64>,
    /// All tokens.
    #[serde(skip)]
    pub(crate) tokens: Vec<i64>,
    /// What was spent.
    #[serde(skip)]
    pub(crate) cost: Vec<NanoUsd>,
}

/// What was spent on one model.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Series {
    /// The model, or what stands for several.
    pub(crate) name: String,
    /// Nano-dollars, day by day.
    pub(crate) cost: Vec<i64>,
}

impl Asked {
    /// How many days.
    ///
    /// # Errors
    /// [`PageError::Bad`] for another number than is offered.
    pub(crate) fn days(&self) -> Result<u32, PageError> {
        if self.days.is_empty() {
            return Ok(DEFAULT);
        }
        let days = RANGES.into_iter().find(|days| days.to_string() == self.days);
        days.ok_or_else(|| PageError::bad("The range must be 7, 30 or 90 days."))
    }
}

/// The figures of the charts.
pub(super) async fn json(
    (app, request): (web::Data<App>, HttpRequest),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let days = address::read::<Asked>(&request)?.days()?;
    let overview = app.office.ask(ShowOverview { account: signed.viewer.account, days }).await?;
    Ok(HttpResponse::Ok().json(Days::of(&overview, days)))
}

impl Days {
    /// The last `days` days of an overview, each of them, also where nothing happened.
    pub(crate) fn of(overview: &Overview, days: u32) -> Self {
        let count = days as usize;
        let first = overview.day + 1 - i64::from(days);
        let place = |sum: &DaySum| usize::try_from(sum.day - first).ok().filter(|place| *place < count);
        let mut each = vec![Figures::default(); count];
        for sum in &overview.sums {
            if let Some(figures) = place(sum).and_then(|place| each.get_mut(place)) {
                figures.add(&sum.figures);
            }
        }
        Self {
            days: (first..=overview.day).map(date).collect(),
            models: series(&overview.sums, (count, place)),
            requests: each.iter().map(|figures| figures.requests).collect(),
            failed: each.iter().map(|figures| figures.failed).collect(),
            tokens: each.iter().map(Figures::tokens).collect(),
            cost: each.iter().map(|figures| figures.cost).collect(),
        }
    }
}

fn series(sums: &[DaySum], (count, place): (usize, impl Fn(&DaySum) -> Option<usize>)) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    let zero = || vec![0; count];
    for sum in sums {
        let Some(place) = place(sum) else { continue };
        let found = series.iter().position(|series| series.name == sum.model).unwrap_or_else(|| {
            series.push(Series { name: sum.model.clone(), cost: zero() });
            series.len() - 1
        });
        if let Some(cost) = series.get_mut(found).and_then(|series| series.cost.get_mut(place)) {
            *cost += sum.figures.cost.nanos();
        }
    }
    series.sort_by_key(|series| std::cmp::Reverse(series.cost.iter().sum::<i64>()));
    if SERIES_MAX < series.len() {
        let rest = series.split_off(SERIES_MAX - 1);
        let mut cost = zero();
        for one in &rest {
            cost.iter_mut().zip(&one.cost).for_each(|(sum, cost)| *sum += cost);
        }
        series.push(Series { name: format!("{} others", rest.len()), cost });
    }
    series
}

fn date(day: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(day * DAY_S).ok();
    moment.and_then(|moment| moment.format(format_description!("[year]-[month]-[day]")).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(day: i64, model: &str, cost: i64) -> DaySum {
        let figures = Figures { requests: 1, cost: NanoUsd::new(cost), ..Figures::default() };
        DaySum { day, model: model.to_owned(), figures }
    }

    fn overview(sums: Vec<DaySum>) -> Overview {
        let zero = NanoUsd::ZERO;
        Overview { balance: zero, held: zero, today: zero, month: zero, is_used: true, day: 20_000, sums }
    }

    #[test]
    fn days_without_requests_are_there() {
        let days = Days::of(&overview(vec![sum(19_998, "b", 1), sum(20_000, "a", 5), sum(20_000, "b", 2)]), 7);
        assert_eq!((days.days.len(), days.days[0].as_str(), days.days[6].as_str()), (7, "2024-09-28", "2024-10-04"));
        assert_eq!(days.requests, [0, 0, 0, 0, 1, 0, 2]);
        assert_eq!((days.models[0].name.as_str(), &days.models[1].cost[4..]), ("a", [1, 0, 2].as_slice()));
    }

    #[test]
    fn many_models_share_one_colour() {
        let many = (0..20).map(|number| sum(20_000, &format!("m{number}"), 100 - number)).collect();
        let days = Days::of(&overview(many), 7);
        assert_eq!((days.models.len(), days.models[7].name.as_str()), (8, "13 others"));
        let all: i64 = days.models.iter().flat_map(|series| &series.cost).sum();
        assert_eq!(all, (0..20).map(|number| 100 - number).sum::<i64>());
    }
}
