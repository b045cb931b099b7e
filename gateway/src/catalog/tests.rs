use proptest::prelude::*;

use super::*;

const CURRENT: &str = include_str!("../../../deploy/catalog.current.toml");
const SIMULATOR: &str = include_str!("../../../deploy/catalog.simulator.toml");

/// The table of the API reference, and what goes with it: id, context, input, output, upstream name, longest answer,
/// cached input, cache write, images. A dash: none published.
const REFERENCE: [&str; 10] = [
    "anthropic/claude-3-5-haiku 200000 0.80 4.00 claude-3-5-haiku-20241022 8192 0.08 1 no",
    "anthropic/claude-3-5-sonnet 200000 3.00 15.00 claude-3-5-sonnet-20241022 8192 0.30 3.75 yes",
    "anthropic/claude-3-opus 200000 15.00 75.00 claude-3-opus-20240229 4096 1.50 18.75 yes",
    "google/gemini-1.5-flash 1000000 0.07 0.30 gemini-1.5-flash 8192 - - yes",
    "google/gemini-1.5-pro 2000000 1.25 5.00 gemini-1.5-pro 8192 - - yes",
    "google/gemini-2.0-flash-exp 1000000 0.00 0.00 gemini-2.0-flash-exp 8192 - - yes",
    "openai/gpt-4o 128000 2.50 10.00 gpt-4o 16384 1.25 - yes",
    "openai/gpt-4o-mini 128000 0.15 0.60 gpt-4o-mini 16384 0.075 - yes",
    "openai/o1 200000 15.00 60.00 o1 100000 7.50 - yes",
    "openai/o1-mini 128000 3.00 12.00 o1-mini 65536 1.50 - no",
];

fn all_keys() -> Environment {
    [("OPENAI_API_KEY", "k"), ("ANTHROPIC_API_KEY", "k"), ("GEMINI_API_KEY", "k"), ("SIMULATOR_API_KEY", "k")].into()
}

fn problems(text: &str, environment: &Environment) -> Vec<String> {
    Catalog::parse(text, environment).unwrap_err().0
}

/// The fields of a second model, which `routing` is told of.
fn routed(routing: &str) -> String {
    format!(
        r#"price = {{ input = "1", output = "1" }}
        [[models]]
        id = "routed"
        context_length = 1000
        max_output_tokens = 100
        price = {{ input = "1", output = "1" }}
        upstreams = [{{ upstream = "local", model = "m", {routing} }}]"#
    )
}

/// A catalog of one model, with `model` added to its fields.
fn one_model(model: &str) -> String {
    format!(
        r#"
        [upstreams.local]
        provider = "openai"
        base_url = "http://127.0.0.1:1/v1/"
        base_url_env = "LOCAL_URL"
        api_key_env = "LOCAL_KEY"
        [[models]]
        id = "m"
        context_length = 1000
        max_output_tokens = 100
        upstreams = [{{ upstream = "local", model = "upstream-m" }}]
        {model}
        "#
    )
}

#[test]
fn the_builtin_catalog_is_the_table_of_the_api_reference() {
    let catalog = Catalog::parse(BUILTIN, &all_keys()).unwrap();
    assert_eq!(catalog.models().count(), REFERENCE.len());
    for (model, row) in catalog.models().zip(REFERENCE) {
        let fields: Vec<_> = row.split(' ').collect();
        let [id, context, input, output, upstream_name, max_output, cached, written, images] = fields[..] else {
            panic!("a row has nine fields: {row}")
        };
        let or_input = |price| if price == "-" { input } else { price };
        assert_eq!(&*model.id, id);
        assert_eq!(model.context_length, context.parse::<u64>().unwrap(), "{id}");
        assert_eq!(model.max_output_tokens, max_output.parse::<u64>().unwrap(), "{id}");
        assert_eq!(model.images, images == "yes", "{id}");
        assert_eq!(&*model.candidates[0].model, upstream_name);
        assert_eq!(&*model.candidates[0].upstream.name, id.split('/').next().unwrap());
        let prices = model.prices.base();
        assert_eq!(prices.input, input.parse().unwrap(), "{id}");
        assert_eq!(prices.output, output.parse().unwrap(), "{id}");
        assert_eq!(prices.cached_input, or_input(cached).parse().unwrap(), "{id}");
        assert_eq!(prices.cache_write, or_input(written).parse().unwrap(), "{id}");
        assert_eq!(prices.cache_write_1h, prices.cache_write, "{id}");
        assert_eq!(model.prices.dearest(), *prices, "{id} has no tiers");
    }
}

#[test]
fn only_what_is_on_is_served() {
    let off = Catalog::builtin(&Environment::default()).unwrap();
    assert_eq!(off.models().count(), 0);
    assert!(off.switched_off().contains(&"upstream openai is off: set OPENAI_API_KEY to switch it on".to_owned()));

    let openai = Environment::from_iter([("OPENAI_API_KEY".to_owned(), "sk-1".to_owned())]);
    let catalog = Catalog::builtin(&openai).unwrap();
    let ids: Vec<_> = catalog.models().map(|model| &*model.id).collect();
    assert_eq!(ids, ["openai/gpt-4o", "openai/gpt-4o-mini", "openai/o1", "openai/o1-mini"]);
    assert!(catalog.model("openai/o1").is_some());
    assert!(catalog.model("anthropic/claude-3-opus").is_none());
    let expected = [("anthropic", "ANTHROPIC_API_KEY"), ("google", "GEMINI_API_KEY")]
        .map(|(name, variable)| format!("upstream {name} is off: set {variable} to switch it on"));
    assert_eq!(catalog.switched_off(), expected);
    assert_eq!(Catalog::builtin(&all_keys()).unwrap().models().count(), 10);
}

#[test]
fn the_simulator_sells_what_the_builtin_catalog_sells() {
    let (simulator, builtin) =
        (Catalog::parse(SIMULATOR, &all_keys()).unwrap(), Catalog::parse(BUILTIN, &all_keys()).unwrap());
    assert_eq!(simulator.models().count(), builtin.models().count());
    for (simulated, model) in simulator.models().zip(builtin.models()) {
        assert_eq!(simulated.id, model.id);
        assert_eq!(simulated.prices, model.prices, "{}", model.id);
        assert_eq!(simulated.context_length, model.context_length, "{}", model.id);
        assert_eq!(simulated.max_output_tokens, model.max_output_tokens, "{}", model.id);
        assert_eq!(simulated.images, model.images, "{}", model.id);
        assert_eq!(simulated.part_tokens, model.part_tokens, "{}", model.id);
        let (by_simulator, by_vendor) = (&simulated.candidates[0], &model.candidates[0]);
        assert_eq!(by_simulator.model, by_vendor.model);
        assert_eq!(by_simulator.upstream.provider, by_vendor.upstream.provider, "{}", model.id);
    }
}

#[test]
fn the_catalog_of_today_has_tiers_and_two_lifetimes_of_cache_writes() {
    let catalog = Catalog::parse(CURRENT, &all_keys()).unwrap();
    assert_eq!(catalog.models().count(), 20);
    let per_million = |id: &str, input: u64| {
        let prices = catalog.model(id).unwrap().prices.for_input(input);
        [prices.input, prices.cached_input, prices.cache_write, prices.cache_write_1h, prices.output]
            .map(|price| price.usd_per_million())
    };
    assert_eq!(per_million("openai/gpt-6.1-sol", 272_000), ["2", "0.1", "2.5", "2.5", "10"]);
    assert_eq!(per_million("openai/gpt-6.1-sol", 272_001), ["4", "0.2", "5", "5", "15"]);
    assert_eq!(per_million("openai/gpt-5.5", 300_000), ["10", "1", "10", "10", "45"]);
    assert_eq!(per_million("anthropic/claude-opus-5-5", 1), ["4", "0.2", "5", "8", "20"]);
    assert_eq!(per_million("anthropic/claude-haiku-5-5", 100_001), ["0.5", "0.05", "0.625", "0.625", "2.5"]);
    assert_eq!(per_million("google/gemini-2.5-pro", 200_001), ["2.5", "0.25", "2.5", "2.5", "15"]);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let text = r#"
        colour = "blue"
        [upstreams.a]
        provider = "telepathy"
        base_url = "ftp://example.com"
        api_key_env = "SYNTOPEN_KEY"
        [[models]]
        id = "/m"
        context_length = 0
        max_output_tokens = 10
        price = { input = 0.15, output = "1e3", cached = "1" }
        upstreams = [{ upstream = "b", model = "m" }]
        [[models]]
        id = "n"
        context_length = 100
        max_output_tokens = 101
        upstreams = []
        [[models]]
        id = "n"
        context_length = 100
        max_output_tokens = 10
        price = { input = "1", output = "1" }
        tiers = [{ above = 50, input = "2", output = "2" }, { above = 50, input = "2", output = "2" }]
        upstreams = [{ upstream = "a", model = "m", cost = { input = "1" } }]
    "#;
    let expected = [
        r#"upstream "a": provider "telepathy" is no provider: openai, anthropic or google"#,
        r#"upstream "a": base_url must be an http or https URL with a host, and without user, query or fragment"#,
        r#"upstream "a": api_key_env must not begin with SYNTOPEN_: those are the gateway's own settings"#,
        "models[0]: id must be 1 to 200 characters of A-Z a-z 0-9 . _ : / @ -, and neither begin nor end with /",
        "models[0]: context_length must be a whole number of tokens, 1 to 1000000000",
        r#"models[0]: price.input must be written as a string, such as "0.15", so that it stays exact"#,
        "models[0]: price.output must be a decimal number such as 5 or 0.25",
        r#"models[0]: price."cached" is not a field of the catalog"#,
        r#"models[0]: upstreams[0].upstream "b" is not among [upstreams]"#,
        "model n: max_output_tokens must not be above context_length, 100",
        "model n: price is missing: a model without a price is not sold",
        "model n: upstreams must name at least one upstream",
        "model n: id is used by another model, too",
        "model n: tiers[1].above must be greater than that of the tier before it",
        "model n: upstreams[0].cost.output is missing",
        r#"the file: "colour" is not a field of the catalog"#,
    ];
    assert_eq!(problems(text, &Environment::default()), expected);
    assert_eq!(problems("", &Environment::default()).len(), 2, "no upstreams, no models");
}

#[test]
fn what_cannot_be_is_refused() {
    let price = r#"price = { input = "1", output = "1" }"#;
    for (model, expected) in [
        (r#"price = { input = 1, output = "1" }"#, "price.input must be written as a string"),
        (r#"price = "1""#, "price must be a table"),
        (r#"tiers = [{ above = 5, input = "1", output = "1" }]"#, "tiers needs price beside it"),
        (
            &format!(r#"{price}{}tiers = [{{ above = 1000, input = "1", output = "1" }}]"#, "\n"),
            "or nothing reaches it",
        ),
        (r#"price = { input = "1", output = "900000000000" }"#, "too dear"),
        (&format!("{price}\nimages = \"yes\""), "images must be true or false"),
        (&format!("{price}\npart_tokens = {{ image = 0 }}"), "part_tokens.image must be a whole number"),
        (&format!("{price}\npart_tokens = {{ video = 1 }}"), "part_tokens.\"video\" is not a field"),
        (&routed("weight = 0"), "upstreams[0].weight must be a whole number, 1 to 1000000"),
        (&routed("weight = 1.5"), "upstreams[0].weight must be a whole number"),
        (&routed("priority = -1"), "upstreams[0].priority must be a whole number, 0 to 1000000"),
        (&routed("priority = \"high\""), "upstreams[0].priority must be a whole number"),
    ] {
        let problems = problems(&one_model(model), &Environment::default());
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{model}: {problems:?}");
    }
}

#[test]
fn a_credential_that_stands_in_the_wrong_place_is_not_shown() {
    let text = one_model(r#"price = { input = "1", output = "1" }"#);
    let cases = [
        (text.replace("LOCAL_KEY", "sk-proj-hidden"), Environment::default()),
        (text.replace("http://127.0.0.1:1", "http://user:hidden@127.0.0.1:1"), Environment::default()),
        (text.replace("api_key_env = \"LOCAL_KEY\"", "api_key_env = hidden"), Environment::default()),
        (text.clone(), [("LOCAL_KEY", "hid den"), ("LOCAL_URL", "hidden")].into()),
    ];
    for (text, environment) in cases {
        let problems = problems(&text, &environment);
        assert!(
            problems.iter().all(|problem| !problem.contains("hidden") && !problem.contains("hid den")),
            "{problems:?}"
        );
    }
    let on = Catalog::parse(&text, &[("LOCAL_KEY", "hidden")].into()).unwrap();
    assert!(!format!("{on:?}").contains("hidden"));
}

#[test]
fn candidates_stand_in_the_order_of_their_priorities() {
    let text = one_model(&routed("priority = 2, weight = 3 }, { upstream = \"local\", model = \"b\""));
    let catalog = Catalog::parse(&text, &[("LOCAL_KEY", "k")].into()).unwrap();
    let routing = |id: &str| -> Vec<(String, u32, u32)> {
        let candidates = &catalog.model(id).unwrap().candidates;
        candidates.iter().map(|known| (known.model.to_string(), known.priority, known.weight)).collect()
    };
    assert_eq!(routing("m"), [("upstream-m".to_owned(), 0, 1)]);
    assert_eq!(routing("routed"), [("b".to_owned(), 0, 1), ("m".to_owned(), 2, 3)]);
}

#[test]
fn an_upstream_has_each_credential_that_is_set() {
    let one = one_model(r#"price = { input = "1", output = "1" }"#);
    let text = one.replace("\"LOCAL_KEY\"", r#"["KEY_A", "KEY_B", "KEY_C"]"#);
    let credentials = |environment: &Environment| -> Vec<(String, String)> {
        let catalog = Catalog::parse(&text, environment).unwrap();
        let upstream = &catalog.model("m").unwrap().candidates[0].upstream;
        upstream.credentials.iter().map(|known| (known.name.to_string(), known.secret.expose().to_owned())).collect()
    };
    let of = |name: &str, secret: &str| (name.to_owned(), secret.to_owned());
    assert_eq!(credentials(&[("KEY_B", "b")].into()), [of("KEY_B", "b")]);
    assert_eq!(credentials(&[("KEY_C", "c"), ("KEY_A", "a")].into()), [of("KEY_A", "a"), of("KEY_C", "c")]);
    let off = Catalog::parse(&text, &Environment::default()).unwrap();
    assert_eq!(off.switched_off(), ["upstream local is off: set KEY_A or KEY_B or KEY_C to switch it on"]);

    let told =
        |variables: &str, environment: &Environment| problems(&one.replace("\"LOCAL_KEY\"", variables), environment);
    let variables: Vec<_> = (0..=CREDENTIALS_MAX).map(|number| format!("\"KEY_{number}\"")).collect();
    for (variables, expected) in [
        ("[]", "api_key_env must be a string, or an array of strings with at least one"),
        ("7", "api_key_env must be a string, or an array of strings with at least one"),
        (r#"["A", 7]"#, "api_key_env[1] must be a string"),
        (r#"["A", "sk-hidden"]"#, "api_key_env[1] must be the name of a variable"),
        (r#"["A", "SYNTOPEN_B"]"#, "api_key_env[1] must not begin with SYNTOPEN_"),
        (r#"["A", "B", "A"]"#, "api_key_env[2] names A once more"),
        (&format!("[{}]", variables.join(",")), "api_key_env must not name more than 64 variables"),
    ] {
        let told = told(variables, &Environment::default());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(expected) && !told[0].contains("hidden"), "{told:?}");
    }
    let told = told(r#"["A", "B"]"#, &[("A", "a"), ("B", "hid den")].into());
    assert_eq!(told, [r#"upstream "local": api_key_env[1] names B, whose value has spaces, line breaks or the like"#]);
}

#[test]
fn a_set_variable_wins_over_the_base_url() {
    let text = one_model(r#"price = { input = "1", output = "1" }"#);
    let base_url = |environment: &Environment| {
        let catalog = Catalog::parse(&text, environment).unwrap();
        catalog.model("m").unwrap().candidates[0].upstream.base_url.clone()
    };
    assert_eq!(base_url(&[("LOCAL_KEY", "k")].into()), "http://127.0.0.1:1/v1");
    let set = [("LOCAL_KEY", "k"), ("LOCAL_URL", "https://[::1]:8443/x//")];
    assert_eq!(base_url(&set.into()), "https://[::1]:8443/x");
}

#[test]
fn parts_are_never_counted_beyond_the_context() {
    let text = one_model("price = { input = \"1\", output = \"1\" }\npart_tokens = { image = 7 }");
    let catalog = Catalog::parse(&text, &[("LOCAL_KEY", "k")].into()).unwrap();
    assert_eq!(catalog.model("m").unwrap().part_tokens, PartTokens { image: 7, audio: 1000, file: 1000 });
}

proptest! {
    #[test]
    fn no_damage_to_a_file_is_more_than_a_mistake(
        line in 0_usize..200, from in 0_usize..80, length in 0_usize..40, instead in "[ -~]{0,6}"
    ) {
        let mut lines: Vec<_> = CURRENT.lines().map(str::to_owned).collect();
        let position = line % lines.len();
        let damaged: Vec<_> = lines[position].chars().collect();
        let (from, to) = (from.min(damaged.len()), (from + length).min(damaged.len()));
        let instead: Vec<char> = instead.chars().collect();
            lines[position] = damaged[..from].iter().chain(&instead).chain(&damaged[to..]).collect();
        if let Err(InvalidCatalog(problems)) = Catalog::parse(&lines.join("\n"), &all_keys()) {
            prop_assert!(!problems.is_empty());
        }
    }
}

mod store {
    use std::time::Duration;

    use syntopen_shared::shutdown::Shutdown;

    use super::*;

    fn file_of(price: &str) -> String {
        one_model(&format!(r#"price = {{ input = "{price}", output = "1" }}"#))
    }

    #[test]
    fn follows_its_file_and_keeps_the_old_catalog_when_the_new_one_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog.toml");
        std::fs::write(&path, file_of("1")).unwrap();
        let store = CatalogStore::open(CatalogSource::File(path.clone()), [("LOCAL_KEY", "k")].into()).unwrap();
        let price = || store.current().model("m").unwrap().prices.base().input.usd_per_million();
        assert_eq!(store.reload_if_changed(), Reload::Unchanged);

        std::fs::write(&path, file_of("2")).unwrap();
        let running = store.current();
        assert_eq!(store.reload_if_changed(), Reload::Reloaded);
        assert_eq!((price().as_str(), store.reload_if_changed()), ("2", Reload::Unchanged));
        assert_eq!(running.model("m").unwrap().prices.base().input.usd_per_million(), "1");

        std::fs::write(&path, file_of("two")).unwrap();
        assert!(matches!(store.reload_if_changed(), Reload::Refused(_)));
        assert_eq!((price().as_str(), store.reload_if_changed()), ("2", Reload::Unchanged));

        std::fs::remove_file(&path).unwrap();
        assert!(matches!(store.reload_if_changed(), Reload::Refused(_)));
        assert_eq!((price().as_str(), store.reload_if_changed()), ("2", Reload::Unchanged));

        std::fs::write(&path, file_of("3")).unwrap();
        assert_eq!(store.reload_if_changed(), Reload::Reloaded);
        assert_eq!(price(), "3");
    }

    #[tokio::test]
    async fn watching_puts_a_change_in_force_and_ends_with_the_shutdown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog.toml");
        std::fs::write(&path, file_of("1")).unwrap();
        let store = CatalogStore::open(CatalogSource::File(path.clone()), [("LOCAL_KEY", "k")].into()).unwrap();
        let store = Arc::new(store);
        let (trigger, shutdown) = Shutdown::new();
        let watching = tokio::spawn(Arc::clone(&store).watch(shutdown));

        std::fs::write(&path, file_of("2")).unwrap();
        let in_force = async {
            while store.current().model("m").unwrap().prices.base().input.usd_per_million() != "2" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), in_force).await.unwrap();
        trigger.request();
        tokio::time::timeout(Duration::from_secs(30), watching).await.unwrap().unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = CatalogSource::File("no/such/catalog.toml".into());
        let InvalidCatalog(problems) = CatalogStore::open(missing, Environment::default()).unwrap_err();
        assert!(problems[0].starts_with("no/such/catalog.toml cannot be read: "), "{problems:?}");
    }
}
