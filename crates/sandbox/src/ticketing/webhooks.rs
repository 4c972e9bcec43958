//! Webhooks: what a seller tells of each edit, signed as the real one signs, and sent as often as asked:
//! once, twice or not at all.

use std::io;

use ring::hmac;
use serde_json::{Value, json};

use super::render;
use super::seller::Seller;

/// More than this waits for nobody.
const MOST_WAITING: usize = 10_000;

/// One call of a webhook, as it goes out.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// `ticket.created` and the like.
    pub topic: &'static str,
    /// The raw body.
    pub body: String,
    /// What `x-vivenu-signature` says: hex HMAC-SHA256 of the body.
    pub signature: String,
}

/// How the waiting webhooks are sent.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Every n-th is lost; 0 is never.
    pub lose_every: usize,
    /// Every n-th is sent twice; 0 is never.
    pub double_every: usize,
    /// With signatures of somebody else.
    pub forged: bool,
}

/// What a webhook is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    Event(usize),
    Ticket(usize),
    Order(usize),
    Scan(usize),
}

impl Seller {
    /// Puts a webhook among those that wait to be sent, with what it says of its subject now.
    pub fn tell(&mut self, topic: &'static str, subject: Subject) {
        let now = self.clock;
        let id = self.next_id(now);
        let envelope = json!({
            "id": id,
            "sellerId": self.id,
            "webhookId": format!("{}00", self.id.get(..22).unwrap_or_default()),
            "type": topic,
            "mode": "prod",
            "data": data(self, subject),
        });
        let body = envelope.to_string();
        let signature = sign(&self.webhook_secret, &body);
        if self.outbox.len() == MOST_WAITING {
            self.outbox.remove(0);
        }
        self.outbox.push(Webhook { topic, body, signature });
    }
}

fn data(seller: &Seller, subject: Subject) -> Value {
    match subject {
        Subject::Event(at) => json!({"event": render::event(seller, &seller.events[at])}),
        Subject::Ticket(at) => json!({"ticket": render::ticket(seller, &seller.tickets[at])}),
        Subject::Order(at) => json!({"transaction": render::transaction(seller, &seller.orders[at])}),
        Subject::Scan(at) => json!({"scan": render::scan(seller, &seller.scans[at])}),
    }
}

fn sign(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends `waiting` to a plain HTTP address of this machine, in order; gives the statuses of the answers.
pub(crate) async fn deliver(waiting: Vec<Webhook>, url: &str, how: &Delivery) -> io::Result<Vec<u16>> {
    let nth = |every: usize, number: usize| every > 0 && number.is_multiple_of(every);
    let mut statuses = Vec::new();
    for (number, webhook) in (1..).zip(waiting) {
        let times = match () {
            () if nth(how.lose_every, number) => 0,
            () if nth(how.double_every, number) => 2,
            () => 1,
        };
        let signature = if how.forged { sign("somebody else", &webhook.body) } else { webhook.signature };
        for _ in 0..times {
            statuses.push(super::post::post(url, &webhook.body, &signature).await?);
        }
    }
    Ok(statuses)
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn signatures_are_hex_hmac_sha256_of_the_body() {
        // RFC 4231, test case 2
        assert_eq!(
            sign("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
