//! The author's loop: a project that changes while its plugin is called.

mod driver;
mod loop_in_rust;
#[cfg(unix)]
mod played;
#[cfg(target_os = "linux")]
mod terminal;

use crate::harness::{Folder, actionbox};

#[tokio::test]
async fn a_folder_without_a_project_is_2() {
    let folder = Folder::new();
    let done = actionbox("dev").arg(folder.path()).done().await.exits(2);
    done.says("there is no plugin project in").says("actionbox new");
}
