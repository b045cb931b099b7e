//! A browser without scripts: it keeps cookies, follows redirects, and sends the forms that a page has.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use awc::http::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE, USER_AGENT};
use awc::{Client, ClientRequest, ClientResponse};
use syntopen_shared::wire::admin::CreateAccount;

use crate::gateway::TestApp;

/// A password that may be.
pub(crate) const PASSWORD: &str = "correct horse battery";

const REDIRECTS_MAX: usize = 10;
const PAGE_BYTES_MAX: usize = 32 << 20;

/// One browser, with cookies of its own.
pub(crate) struct Browser {
    client: Client,
    base: String,
    cookies: RefCell<BTreeMap<String, String>>,
    /// Headers that it sends with every request.
    headers: RefCell<Vec<(String, String)>>,
}

/// An app that shows codes.
pub(crate) struct Authenticator {
    pub(crate) secret: String,
    pub(crate) recovery_codes: Vec<String>,
}

impl Authenticator {
    /// The code of now.
    pub(crate) fn code(&self) -> String {
        self.code_in(0)
    }

    /// The code that follows, which is taken already: clocks differ.
    pub(crate) fn next_code(&self) -> String {
        self.code_in(30)
    }

    fn code_in(&self, seconds: u64) -> String {
        let secret = totp_rs::Secret::try_from_base32(&self.secret).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(now + seconds).to_string()
    }
}

/// What came for a request.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The path that was asked for.
    pub(crate) path: String,
}

impl Browser {
    /// A browser that knows nothing yet.
    pub(crate) fn new(app: &TestApp) -> Self {
        Self::at(&app.url(""))
    }

    /// The same for a gateway at this base: `http://127.0.0.1:1234`.
    pub(crate) fn at(base: &str) -> Self {
        let client = Client::builder().disable_timeout().disable_redirects().finish();
        let headers = vec![(USER_AGENT.to_string(), "Browser/1.0 (test)".to_owned())];
        Self { client, base: base.to_owned(), cookies: RefCell::default(), headers: headers.into() }
    }

    /// The same, which sends another header with every request.
    pub(crate) fn with_header(self, name: &str, value: &str) -> Self {
        self.set_header(name, value);
        self
    }

    /// Sends another header from now on.
    pub(crate) fn set_header(&self, name: &str, value: &str) {
        let mut headers = self.headers.borrow_mut();
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.to_owned()));
    }

    /// A browser in which a new customer is signed in.
    pub(crate) async fn signed_up(app: &TestApp, email: &str) -> Self {
        let browser = Self::new(app);
        let page = browser.sign_up(email, PASSWORD).await;
        assert_eq!((page.status, page.path.as_str()), (200, "/dashboard"), "{}", page.text);
        browser
    }

    /// A browser in which a new operator is signed in, with a second factor.
    pub(crate) async fn operator(app: &TestApp, email: &str) -> (Self, Authenticator) {
        let (address, password) = (email.to_owned(), Some(PASSWORD.to_owned()));
        let account = CreateAccount { email: address, password, operator: true };
        app.ledger.create_account(account).await.unwrap();
        let browser = Self::new(app);
        assert_eq!(browser.sign_in(email, PASSWORD).await.path, "/dashboard");
        let authenticator = browser.enrol().await;
        (browser, authenticator)
    }

    /// Sets up a second factor.
    pub(crate) async fn enrol(&self) -> Authenticator {
        const PATH: &str = "/dashboard/settings/second-factor";
        let page = self.submit_from(PATH, &format!("{PATH}/begin"), &[]).await;
        let secret = page.code_block().unwrap().to_owned();
        let mut authenticator = Authenticator { secret, recovery_codes: Vec::new() };
        let code = authenticator.code();
        let page = self.submit_from(PATH, &format!("{PATH}/confirm"), &[("code", &code)]).await;
        let codes = page.code_block().unwrap_or_else(|| panic!("{}", page.text));
        authenticator.recovery_codes = codes.lines().map(str::to_owned).collect();
        authenticator
    }

    /// Signs up by the form.
    pub(crate) async fn sign_up(&self, email: &str, password: &str) -> Page {
        self.submit("/dashboard/sign-up", &[("email", email), ("password", password)]).await
    }

    /// Signs in by the form.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Page {
        self.submit("/dashboard/sign-in", &[("email", email), ("password", password)]).await
    }

    /// Asks for a path, and follows where it leads within the gateway.
    pub(crate) async fn visit(&self, path: &str) -> Page {
        let page = self.get(path).await;
        self.follow(page).await
    }

    /// Asks for a path, whatever it answers.
    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send(path, self.client.get(self.url(path)), None).await
    }

    /// Looks at the page of a form whose action is the page itself, sends it, and follows where it leads.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.submit_from(path, path, fields).await
    }

    /// The same for a form that another page has.
    pub(crate) async fn submit_from(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf(page).await;
        let mut proven = vec![("csrf", csrf.as_str())];
        proven.extend(fields);
        let page = self.post(action, &proven).await;
        self.follow(page).await
    }

    /// Sends a form as it is, whatever is answered.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_html_form::to_string(fields).unwrap();
        self.send(path, self.client.post(self.url(path)), Some(body)).await
    }

    /// The proof in the forms of a page.
    pub(crate) async fn csrf(&self, path: &str) -> String {
        let page = self.get(path).await;
        page.csrf().unwrap_or_else(|| panic!("{path} has no form: {} {}", page.status, page.text))
    }

    /// A cookie's value.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Plants a cookie.
    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Where a path is.
    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http://") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    /// Follows a redirect within the gateway.
    pub(crate) async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..REDIRECTS_MAX {
            match page.location() {
                Some(location) if location.starts_with('/') => page = self.get(&location.clone()).await,
                _ => return page,
            }
        }
        panic!("more than {REDIRECTS_MAX} redirects, the last to {}", page.path);
    }

    /// Sends whatever bytes as whatever they are said to be.
    pub(crate) async fn post_bytes(&self, path: &str, (kind, body): (&str, Vec<u8>)) -> Page {
        let request = self.dressed(self.client.post(self.url(path))).insert_header((CONTENT_TYPE, kind));
        self.read(path, request.send_body(body).await.unwrap()).await
    }

    async fn send(&self, path: &str, request: ClientRequest, body: Option<String>) -> Page {
        let request = self.dressed(request);
        let sent = match body {
            Some(body) => {
                request.insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded")).send_body(body).await
            }
            None => request.send().await,
        };
        self.read(path, sent.unwrap()).await
    }

    /// A request with this browser's headers and cookies.
    fn dressed(&self, mut request: ClientRequest) -> ClientRequest {
        for (name, value) in self.headers.borrow().iter() {
            request = request.insert_header((name.as_str(), value.as_str()));
        }
        if let Some(cookies) = self.cookie_header() {
            request = request.insert_header((COOKIE, cookies));
        }
        request
    }

    /// What it sends of its cookies.
    pub(crate) fn cookie_header(&self) -> Option<String> {
        let cookies: Vec<_> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }

    async fn read(&self, path: &str, mut response: ClientResponse) -> Page {
        for header in response.headers().get_all(SET_COOKIE) {
            self.keep(header.to_str().unwrap());
        }
        let body = response.body().limit(PAGE_BYTES_MAX).await.unwrap();
        Page {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&body).into_owned(),
            path: path.to_owned(),
        }
    }

    fn keep(&self, header: &str) {
        let (name, value) = header.split(';').next().unwrap().split_once('=').unwrap();
        let mut cookies = self.cookies.borrow_mut();
        if header.contains("Max-Age=0") || header.contains(" 1970 ") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    /// Where it leads.
    pub(crate) fn location(&self) -> Option<String> {
        let is_redirect = (300..400).contains(&self.status);
        self.header(LOCATION.as_str()).filter(|_| is_redirect).map(str::to_owned)
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The proof in its forms.
    pub(crate) fn csrf(&self) -> Option<String> {
        self.value("csrf")
    }

    /// The value of the first input with this name, as it stands in the page.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let mut inputs = self.text.split("<input ").skip(1).filter_map(|input| input.split('>').next());
        let input = inputs.find(|input| input.contains(&format!("name=\"{name}\"")))?;
        Some(input.split("value=\"").nth(1)?.split('"').next()?.to_owned())
    }

    /// What is said of a field that is wrong, as it stands in the page.
    pub(crate) fn error(&self, field: &str) -> Option<&str> {
        let (_, after) = self.text.split_once(&format!("id=\"{field}-error\">"))?;
        after.split('<').next()
    }

    /// The first text to be copied, as it stands in the page.
    pub(crate) fn code_block(&self) -> Option<&str> {
        self.text.split("<code>").nth(1)?.split("</code>").next()
    }

    /// Whether the page says this.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}
