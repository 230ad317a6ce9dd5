//! The table's definition, for engines that start empty; `template.yaml` says the same to AWS.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TableStatus,
    TimeToLiveSpecification,
};

use super::{Store, keys};
use crate::Error;
use crate::error::storage;

impl Store {
    /// Creates the table unless it exists.
    pub async fn create_table(&self) -> Result<(), Error> {
        let describe = storage("describe the table");
        let table = match self.definition() {
            Ok(table) => table,
            Err(error) => return Err(describe(error)),
        };
        let is_there = match table.send().await {
            Ok(_) => false,
            Err(error) => match error.as_service_error() {
                Some(CreateTableError::ResourceInUseException(_)) => true,
                _ => return Err(storage("create the table")(error)),
            },
        };
        // The time to live is set last: if it is there, the table is complete. A description would tell
        // as well, but some engines count every item for it.
        if is_there && self.has_expiry().await.unwrap_or(false) {
            return Ok(());
        }
        self.until_active().await?;
        if self.has_expiry().await? {
            return Ok(());
        }
        let expiry =
            TimeToLiveSpecification::builder().enabled(true).attribute_name(keys::EXPIRES_AT);
        let expiry = expiry.build().map_err(storage("describe the time to live"))?;
        let request = self.db.update_time_to_live().table_name(&self.table);
        let answer = request.time_to_live_specification(expiry).send().await;
        answer.map(|_| ()).map_err(storage("set the table's time to live"))
    }

    async fn has_expiry(&self) -> Result<bool, Error> {
        let request = self.db.describe_time_to_live().table_name(&self.table);
        let expiry = request.send().await.map_err(storage("look up the table's time to live"))?;
        let attribute = expiry.time_to_live_description().and_then(|it| it.attribute_name());
        Ok(attribute == Some(keys::EXPIRES_AT))
    }

    /// Waits for as long as AWS takes to create a table; emulators need no time.
    async fn until_active(&self) -> Result<(), Error> {
        for _ in 0..120 {
            let answer = self.db.describe_table().table_name(&self.table).send().await;
            let answer = answer.map_err(storage("look up the table"))?;
            let status = answer.table().and_then(|table| table.table_status());
            if status == Some(&TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(Error::Storage { action: "create the table", source: "it never became active".into() })
    }

    fn definition(
        &self,
    ) -> Result<
        aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder,
        aws_sdk_dynamodb::error::BuildError,
    > {
        let mut table = self.db.create_table().table_name(&self.table);
        for name in [keys::PK, keys::SK, keys::DIRECTORY_PK, keys::DIRECTORY_SK] {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            table = table
                .attribute_definitions(attribute.attribute_type(ScalarAttributeType::S).build()?);
        }
        let directory = GlobalSecondaryIndex::builder()
            .index_name(keys::DIRECTORY)
            .key_schema(key(keys::DIRECTORY_PK, KeyType::Hash)?)
            .key_schema(key(keys::DIRECTORY_SK, KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages);
        Ok(table
            .key_schema(key(keys::PK, KeyType::Hash)?)
            .key_schema(key(keys::SK, KeyType::Range)?)
            .global_secondary_indexes(directory.build()?)
            .billing_mode(BillingMode::PayPerRequest)
            .stream_specification(stream.build()?))
    }
}

fn key(
    name: &str,
    key_type: KeyType,
) -> Result<KeySchemaElement, aws_sdk_dynamodb::error::BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(key_type).build()
}
