//! Lambda entry point; `lib.rs` tells what the function does.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::edge::lambda::Fatal> {
    shared::edge::lambda::run(archive::handle).await
}
