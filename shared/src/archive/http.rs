//! The object store's requests over the SDK's own transport, so that functions carry one HTTP and TLS
//! stack.

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The SDK's HTTP client.
#[derive(Clone, Debug)]
pub(super) struct Transport(SharedHttpConnector);

impl Transport {
    /// A client that keeps its connections.
    pub(super) fn new() -> Self {
        let crypto = tls::rustls_provider::CryptoMode::AwsLc;
        let connector = Connector::builder().tls_provider(tls::Provider::Rustls(crypto)).build();
        Self(SharedHttpConnector::new(connector))
    }

    async fn answer(
        &self,
        request: HttpRequest,
    ) -> Result<HttpResponse, Box<dyn StdError + Send + Sync>> {
        let (parts, body) = request.into_parts();
        let body = SdkBody::from(body.collect().await?.to_bytes());
        let request = lambda_http::http::Request::from_parts(parts, body).try_into()?;
        let answer = self.0.call(request).await?.try_into_http1x()?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(HttpResponse::from_parts(parts, body.into()))
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match tokio::time::timeout(PATIENCE, self.answer(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(HttpError::new_boxed(HttpErrorKind::Unknown, error)),
            Err(late) => Err(HttpError::new(HttpErrorKind::Timeout, late)),
        }
    }
}
