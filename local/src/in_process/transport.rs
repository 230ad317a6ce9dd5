//! The SDK's HTTP client that passes requests on inside this process.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body_util::BodyExt;
use hyper::{Request, Response};
use tower::ServiceExt;

use super::{Services, respond};

/// Where requests seem to come from: this machine.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Passes requests on to the services, as long as they are there.
#[derive(Clone)]
pub(super) struct Transport(Weak<Services>);

impl Transport {
    pub(super) fn new(services: &Arc<Services>) -> Self {
        Self(Arc::downgrade(services))
    }

    async fn pass(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let services = self.0.upgrade().ok_or("the server has stopped");
        let services = services.map_err(|gone| ConnectorError::io(gone.into()))?;
        if services.at_once {
            // Whoever asks much gives others a turn now and then.
            tokio::task::coop::consume_budget().await;
        } else {
            tokio::task::yield_now().await;
        }
        let request =
            request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let response = if request.headers().contains_key("x-amz-target") {
            let database = services.dynamodb.get().ok_or("no DynamoDB answers in this process");
            let database = database.map_err(|gone| ConnectorError::io(gone.into()))?;
            respond(database, request.headers(), data(&request)?).map(SdkBody::from)
        } else {
            let routes = services.management.get().ok_or("no gateway answers in this process");
            let routes = routes.map_err(|gone| ConnectorError::io(gone.into()))?.clone();
            ask_gateway(routes, request).await?
        };
        HttpResponse::try_from(response).map_err(|error| ConnectorError::io(error.into()))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Transport")
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().pass(request))
    }
}

async fn ask_gateway(
    routes: Router,
    request: Request<SdkBody>,
) -> Result<Response<SdkBody>, ConnectorError> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(PEER));
    let Ok(response) = routes.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    Ok(Response::from_parts(parts, SdkBody::from(body.to_bytes())))
}

/// The request's body; the clients stream none.
fn data(request: &Request<SdkBody>) -> Result<&[u8], ConnectorError> {
    request.body().bytes().ok_or_else(|| ConnectorError::user("a body in parts".into()))
}
