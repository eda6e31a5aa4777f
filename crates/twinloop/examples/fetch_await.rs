//! The second program: the same with `await`, and one place for the error.

use twinloop::{Result, Value};

async fn fetch_data() -> Result<()> {
    let response = twinloop::fetch("https://api.example.com/data").await?;
    let data: Value = response.json().await?;
    println!("{data}");
    Ok(())
}

fn main() {
    twinloop::run(async {
        if let Err(error) = fetch_data().await {
            eprintln!("Error: {}", error.chain());
        }
    });
}
