//! The third program: a client of one's own, as aiohttp's `ClientSession`; its connections close with it.

use twinloop::{Client, Config, Method, Value};

fn main() -> twinloop::Result<()> {
    twinloop::run(async {
        let session = Client::new(Config::from_environment()?)?;
        let response = twinloop::request(Method::GET, "https://api.example.com/data")
            .client(&session)
            .send()
            .await?;
        let data: Value = response.json().await?;
        println!("{data}");
        Ok(())
    })
}
