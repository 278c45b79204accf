//! A journal of what is about to change something: on the disk before it leaves, or it does not leave.

use std::path::Path;

use actionbox_host::{BeforeSend, BoxFuture, Effect, SendIntent};
use tokio::{
    fs::{File, OpenOptions},
    io::AsyncWriteExt as _,
    sync::Mutex,
};

pub(crate) struct Journal(Mutex<File>);

impl Journal {
    pub(crate) async fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path).await?;
        Ok(Self(Mutex::new(file)))
    }

    async fn write(&self, line: &str) -> std::io::Result<()> {
        let mut file = self.0.lock().await;
        file.write_all(line.as_bytes()).await?;
        file.sync_data().await
    }
}

impl BeforeSend for Journal {
    fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async {
            if intent.effect == Effect::Read {
                return Ok(());
            }
            let line = format!("{} {} {}\n", intent.tenant, intent.effect, intent.route);
            self.write(&line).await.map_err(|error| format!("the journal cannot be written: {error}"))
        })
    }
}
