//! The components that pages are made of, each drawn once: that they compile, escape, and tie fields to what is beside
//! them.

use askama::Template;

use super::pager::Pager;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% import "components.html" as ui %}
{% call ui::icon("key") %}{% endcall %}
{% call ui::field("email", "E-mail", "email", text, wrong, "", "off") %}{% endcall %}
{% call ui::textarea("words", "Words", text, fine, "Some words.") %}{% endcall %}
{% call ui::select("period", "Period", chosen, options, wrong, "") %}{% endcall %}
{% call ui::checkbox("model", "a/b", text, ticked) %}{% endcall %}
{% call ui::money("amount", "Amount", text, fine, "US dollars.") %}{% endcall %}
{% call ui::problem(wrong) %}{% endcall %}
{% call ui::done("Saved.") %}{% endcall %}
{% call ui::moment(moment) %}{% endcall %}
{% call ui::copyable(text, "Copy") %}{% endcall %}
{% call ui::badge("good", "active") %}{% endcall %}
{% call ui::stat("Spend", "$1.20", "today") %}{% endcall %}
{% call ui::empty("key", "No keys") %}<p>Make one.</p>{% endcall %}
{% call ui::pager(pager, "Newer", "Older") %}{% endcall %}
{% call ui::snippets("first", "Languages", snippets) %}{% endcall %}"#
)]
struct Gallery {
    text: &'static str,
    wrong: Option<&'static str>,
    fine: Option<&'static str>,
    chosen: &'static str,
    options: [(&'static str, &'static str); 2],
    ticked: bool,
    moment: i64,
    pager: Pager,
    snippets: [(&'static str, &'static str); 2],
}

const GALLERY: Gallery = Gallery {
    text: "<script>\"'&",
    wrong: Some("It <is> wrong."),
    fine: None,
    chosen: "month",
    options: [("day", "A day"), ("month", "A month")],
    ticked: true,
    moment: 1_795_549_346_250,
    pager: Pager { before: None, after: None },
    snippets: [("curl", "curl <url>"), ("Python", "print()")],
};

#[test]
fn components_escape_what_they_show() {
    let html = GALLERY.render().unwrap();
    assert!(!html.contains("<script>") && !html.contains("<is>") && !html.contains("<url>"), "{html}");
    assert_eq!(html.matches("&#60;script&#62;&#34;&#39;&#38;").count(), 5, "{html}");
}

#[test]
fn fields_are_tied_to_what_is_beside_them() {
    let html = GALLERY.render().unwrap();
    for tied in [
        r#"<input id="email" name="email" type="email" value="&#60;script&#62;&#34;&#39;&#38;" autocomplete="off" aria-invalid="true" aria-describedby="email-error">"#,
        r#"<p class="error" id="email-error">It &#60;is&#62; wrong.</p>"#,
        r#"<textarea id="words" name="words" rows="4" aria-describedby="words-hint">"#,
        r#"<p class="hint" id="words-hint">Some words.</p>"#,
        r#"<select id="period" name="period" aria-invalid="true" aria-describedby="period-error">"#,
        r#"<option value="month" selected>A month</option>"#,
        r#"<input type="checkbox" name="model" value="a/b" checked>"#,
        r#"inputmode="decimal" value="&#60;script&#62;&#34;&#39;&#38;" autocomplete="off" aria-describedby="amount-hint">"#,
        r#"<time datetime="2026-11-24T19:42:26.250Z" title="2026-11-24 19:42:26 UTC">2026-11-24 19:42:26</time>"#,
        r#"<input type="radio" name="first" id="first-1" checked><label for="first-1">curl</label>"#,
    ] {
        assert!(html.contains(tied), "{tied}\n{html}");
    }
}

#[test]
fn a_pager_shows_only_the_ways_there_are() {
    assert!(!GALLERY.render().unwrap().contains("class=\"pages\""));
    let html =
        Gallery { pager: Pager { before: None, after: Some("?after=1&x".to_owned()) }, ..GALLERY }.render().unwrap();
    assert!(html.contains(r##"<a class="button compact" href="?after=1&#38;x" rel="next">Older</a>"##), "{html}");
    assert!(!html.contains("Newer"), "{html}");
}
