//! One address for a server that is started again elsewhere.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Carries bytes to wherever the server is now.
pub(super) struct Relay {
    address: SocketAddr,
    server: Arc<Mutex<String>>,
}

impl Relay {
    /// A relay to the host of this URL.
    pub(super) async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Mutex::new(host(url)));
        let current = server.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = current.lock().unwrap().clone();
                tokio::spawn(async move {
                    // Without a server the client's connection ends at once.
                    let mut server = TcpStream::connect(server).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { address, server }
    }

    /// The server is there from now on.
    pub(super) fn leads_to(&self, url: &str) {
        *self.server.lock().unwrap() = host(url);
    }

    pub(super) fn websocket_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }
}

fn host(url: &str) -> String {
    url.trim_start_matches("ws://").trim_end_matches("/ws").to_owned()
}
