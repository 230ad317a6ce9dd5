//! The DynamoDB below the functions: one inside this process, or any other by its URL.

mod port;
mod stream_records;
mod sweeper;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use axum::middleware;
use dynoxide::Database;
use shared::aws::Aws;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use self::sweeper::{INTERVAL, sweep, sweep_every};
use crate::http_server::{self, AllowedOrigins, RequestTimeouts};
use crate::in_process::InProcess;
use crate::options::Options;

/// The file that the embedded DynamoDB keeps its data in.
const FILE: &str = "dynamodb.sqlite";

/// A DynamoDB that answers, and the embedded engine if that is what answers.
pub(crate) struct DynamoDb {
    /// SDK settings that reach it.
    pub(crate) aws: Aws,
    /// Where it answers.
    pub(crate) url: String,
    embedded: Option<Embedded>,
}

struct Embedded {
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    sweeper: JoinSet<()>,
    database: Database,
}

impl DynamoDb {
    /// Starts the embedded engine, unless the options name another; who has its SDK settings asks it
    /// through `here`; everybody else at its URL, but no web page of elsewhere.
    pub(crate) async fn start(
        options: &Options,
        here: &InProcess,
        origins: &AllowedOrigins,
        patience: RequestTimeouts,
    ) -> anyhow::Result<Self> {
        if let Some(url) = &options.dynamodb {
            anyhow::ensure!(
                options.faults.is_none() || !is_aws(url),
                "--faults is for a DynamoDB on this machine: AWS refuses what is changed on its way"
            );
            let aws = if is_aws(url) {
                Aws::from_env().await.with_endpoint(url)
            } else {
                Aws::local(url)
            };
            return Ok(Self { aws, url: url.clone(), embedded: None });
        }
        let database =
            if options.memory { stream_records::in_memory()? } else { open(&options.data)? };
        let address = SocketAddr::from((IpAddr::from([127, 0, 0, 1]), options.dynamodb_port));
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "the embedded DynamoDB cannot listen on {address}; choose another port with \
                 --dynamodb-port (0 picks a free one)"
            )
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        here.serve_dynamodb(database.clone());
        let mut sweeper = JoinSet::new();
        sweeper.spawn(sweep_every(INTERVAL, database.clone()));
        let (stop, stopped) = oneshot::channel();
        let routes = origins.guard(port::routes(database.clone(), patience));
        let routes = routes.layer(middleware::from_fn(http_server::well_formed));
        let server = tokio::spawn(http_server::serve(listener, routes, patience, stopped));
        let aws = Aws::local(&url).with_transport(here.transport()).in_process();
        Ok(Self { aws, url, embedded: Some(Embedded { stop, server, sweeper, database }) })
    }

    /// Deletes now what has expired, if the engine is embedded.
    pub(crate) async fn sweep(&self) {
        if let Some(Embedded { database, .. }) = &self.embedded {
            sweep(database).await;
        }
    }

    /// Lets running requests finish and closes the file.
    pub(crate) async fn stop(self) {
        if let Some(Embedded { stop, server, mut sweeper, database }) = self.embedded {
            sweeper.shutdown().await;
            drop((stop, database));
            let patience = std::time::Duration::from_secs(2);
            if tokio::time::timeout(patience, server).await.is_err() {
                tracing::debug!("the embedded DynamoDB still has connections; leaving them");
            }
        }
    }
}

fn open(folder: &Path) -> anyhow::Result<Database> {
    let shown = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {shown}"))?;
    let file = folder.join(FILE);
    let path = file.to_str().with_context(|| format!("{shown} is not UTF-8"))?;
    let opened = Database::new(path).with_context(|| format!("cannot open {}", file.display()))?;
    stream_records::mend_file(&file)
        .with_context(|| format!("cannot change {}", file.display()))?;
    Ok(opened)
}

fn is_aws(url: &str) -> bool {
    let authority = url.split("://").last().unwrap_or(url);
    let host = authority.split(['/', ':']).next().unwrap_or(authority);
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}
