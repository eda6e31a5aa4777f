//! The fifth program: read a file without stopping the loop.

fn main() -> twinloop::Result<()> {
    twinloop::run(async {
        let content = twinloop::fs::read_to_string("example.txt").await?;
        print!("{content}");
        Ok(())
    })
}
