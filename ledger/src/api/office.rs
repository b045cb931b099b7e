//! The commands of the dashboard.

use actix_web::web::{self, Data, Json};
use actix_web::{HttpResponse, ResponseError as _};
use syntopen_shared::wire::office::{
    Answered, Command, alerts, billing, identity, keys, links, members, operator, payments, playground, provider,
    second_factor, security, usage,
};

use crate::error::AdminError;
use crate::ledger::Ledger;
use crate::office::{Answers, OfficeError};

/// All of them, by concern.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .configure(alerts)
        .configure(billing)
        .configure(identity)
        .configure(keys)
        .configure(links)
        .configure(members)
        .configure(operator_accounts)
        .configure(operator_audit)
        .configure(operator_gateways)
        .configure(operator_ledger)
        .configure(payments)
        .configure(playground)
        .configure(provider)
        .configure(second_factor)
        .configure(security)
        .configure(usage);
}

fn alerts(config: &mut web::ServiceConfig) {
    config
        .service(command::<alerts::LookUpAlert>())
        .service(command::<alerts::SetAlert>())
        .service(command::<alerts::ClaimAlerts>())
        .service(command::<alerts::ConfirmAlert>());
}

fn billing(config: &mut web::ServiceConfig) {
    config
        .service(command::<billing::ShowBalance>())
        .service(command::<billing::ListTransfers>())
        .service(command::<billing::ShowReceipt>());
}

fn identity(config: &mut web::ServiceConfig) {
    config
        .service(command::<identity::SignUp>())
        .service(command::<identity::SignIn>())
        .service(command::<identity::LookUpViewer>())
        .service(command::<identity::SignOut>());
}

fn keys(config: &mut web::ServiceConfig) {
    config
        .service(command::<keys::ListKeys>())
        .service(command::<keys::ShowKey>())
        .service(command::<keys::CreateKey>())
        .service(command::<keys::UpdateKey>())
        .service(command::<keys::RotateKey>())
        .service(command::<keys::RevokeKey>());
}

fn links(config: &mut web::ServiceConfig) {
    config
        .service(command::<links::RequestLink>())
        .service(command::<links::RequestVerification>())
        .service(command::<links::LookUpLink>())
        .service(command::<links::FinishSignUp>())
        .service(command::<links::ConfirmAddress>())
        .service(command::<links::ResetPassword>());
}

fn members(config: &mut web::ServiceConfig) {
    config
        .service(command::<members::ListMembers>())
        .service(command::<members::InviteMember>())
        .service(command::<members::WithdrawInvitation>())
        .service(command::<members::SetRole>())
        .service(command::<members::RemoveMember>())
        .service(command::<members::LookUpInvitation>())
        .service(command::<members::AcceptInvitation>())
        .service(command::<members::ListInvitedCustomers>())
        .service(command::<members::InviteCustomer>())
        .service(command::<members::WithdrawCustomer>())
        .service(command::<members::LookUpClosing>())
        .service(command::<members::CloseAccount>());
}

fn operator_accounts(config: &mut web::ServiceConfig) {
    config
        .service(command::<operator::accounts::ListAccounts>())
        .service(command::<operator::accounts::FindByEmail>())
        .service(command::<operator::accounts::FindAccounts>())
        .service(command::<operator::accounts::LookAtAccount>())
        .service(command::<operator::accounts::GiveCredit>())
        .service(command::<operator::accounts::RefundRequest>())
        .service(command::<operator::accounts::SetStanding>());
}

fn operator_audit(config: &mut web::ServiceConfig) {
    config.service(command::<operator::audit::ReadAudit>());
}

fn operator_gateways(config: &mut web::ServiceConfig) {
    config
        .service(command::<operator::gateways::ReportGateway>())
        .service(command::<operator::gateways::LookAtGateways>())
        .service(command::<operator::gateways::LookAtEarnings>());
}

fn operator_ledger(config: &mut web::ServiceConfig) {
    config.service(command::<operator::ledger::LookAtLedger>()).service(command::<operator::ledger::Reconcile>());
}

fn payments(config: &mut web::ServiceConfig) {
    config
        .service(command::<payments::CreatePayment>())
        .service(command::<payments::OpenPayment>())
        .service(command::<payments::FailPayment>())
        .service(command::<payments::ShowPayment>())
        .service(command::<payments::ListWaiting>())
        .service(command::<payments::Tell>())
        .service(command::<payments::ListUnmatched>())
        .service(command::<payments::ShowUnmatched>())
        .service(command::<payments::AssignUnmatched>())
        .service(command::<payments::DismissUnmatched>());
}

fn playground(config: &mut web::ServiceConfig) {
    config.service(command::<playground::OpenPlayground>());
}

fn provider(config: &mut web::ServiceConfig) {
    config.service(command::<provider::SignInByProvider>());
}

fn second_factor(config: &mut web::ServiceConfig) {
    config
        .service(command::<second_factor::ShowSecondFactor>())
        .service(command::<second_factor::BeginSecondFactor>())
        .service(command::<second_factor::ConfirmSecondFactor>())
        .service(command::<second_factor::RenewRecoveryCodes>())
        .service(command::<second_factor::EndSecondFactor>())
        .service(command::<second_factor::SubmitCode>());
}

fn security(config: &mut web::ServiceConfig) {
    config
        .service(command::<security::ShowSecurity>())
        .service(command::<security::ChangePassword>())
        .service(command::<security::RevokeSession>())
        .service(command::<security::RevokeSessions>());
}

fn usage(config: &mut web::ServiceConfig) {
    config
        .service(command::<usage::ShowOverview>())
        .service(command::<usage::ListRequests>())
        .service(command::<usage::ShowRequest>())
        .service(command::<usage::ListChoices>());
}

fn command<C: Command>() -> actix_web::Resource
where
    Ledger: Answers<C>,
{
    super::resource(C::PATH).route(web::post().to(answer::<C>))
}

async fn answer<C: Command>(ledger: Data<Ledger>, command: Json<C>) -> HttpResponse
where
    Ledger: Answers<C>,
{
    let answered: Answered<C::Answer> = match ledger.answer(command.into_inner()).await {
        Ok(answer) => Ok(answer),
        Err(OfficeError::Refused(refusal)) => Err(refusal),
        Err(OfficeError::Unavailable(_)) => return AdminError::Unavailable.error_response(),
    };
    HttpResponse::Ok().json(answered)
}
