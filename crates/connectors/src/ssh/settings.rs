use std::path::PathBuf;

use palisade_estate::inventory::{Inventory, is_user, parse_ini, parse_json, parse_list};
use serde::{Deserialize, Serialize};

use crate::error::ConnectorError;

/// How an inventory is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InventoryForm {
    /// `[user@]host[:port] [key=value …]`, one a line.
    #[default]
    List,
    /// Ansible's INI form.
    Ini,
    /// The JSON of `ansible-inventory --list`.
    Json,
}

/// Where the connector's private key is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum KeySource {
    /// In its sealed credential.
    #[default]
    Secret,
    /// In an agent that runs on the server's host.
    Agent {
        /// Its socket.
        socket: PathBuf,
    },
}

/// The settings of an SSH connector.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshSettings {
    /// The machines.
    pub inventory: String,
    /// How they are written down.
    #[serde(default)]
    pub form: InventoryForm,
    /// The user of machines that name none.
    #[serde(default = "root")]
    pub user: String,
    /// The port of machines that name none.
    #[serde(default = "ssh_port")]
    pub port: u16,
    /// Whether to become root by `sudo -n` where the user is not.
    #[serde(default = "yes")]
    pub sudo: bool,
    /// Where the private key is.
    #[serde(default)]
    pub key: KeySource,
}

fn root() -> String {
    "root".into()
}

fn ssh_port() -> u16 {
    22
}

fn yes() -> bool {
    true
}

impl SshSettings {
    /// Settings for an inventory, everything else as usual.
    pub fn new(inventory: impl Into<String>) -> Self {
        Self {
            inventory: inventory.into(),
            form: InventoryForm::List,
            user: root(),
            port: ssh_port(),
            sudo: true,
            key: KeySource::Secret,
        }
    }

    /// Checks them and reads the inventory; also for whoever stores them.
    ///
    /// # Errors
    /// What is wrong, with the line of the inventory.
    pub fn read(&self) -> Result<Inventory, ConnectorError> {
        let own = ConnectorError::Own;
        if !is_user(&self.user) {
            return Err(own(format!("{:?} cannot be the name of a user", self.user)));
        }
        if self.port == 0 {
            return Err(own("0 is no port".into()));
        }
        let read = match self.form {
            InventoryForm::List => parse_list(&self.inventory),
            InventoryForm::Ini => parse_ini(&self.inventory),
            InventoryForm::Json => parse_json(&self.inventory),
        };
        read.map_err(|e| own(format!("the inventory: {e} ({})", e.code())))
    }
}
