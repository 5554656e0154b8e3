//! From an organization's words for who may vote to members.
//!
//! A word names a role, a member or a workspace. Whoever it names and may approve at all, by role or by what was added to it,
//! has a vote; programs never.

use ledger_core::Text;
use ledger_core::limits::ELIGIBLE_MAX;
use ledger_store::OrgId;
use ledger_store::identity::Membership;
use uuid::Uuid;

use crate::http::Problem;
use crate::http::identity::lookup::grant;
use crate::http::identity::{Action, Permission, Resource, Role};
use crate::http::state::App;

/// Members that are looked at.
const MEMBERS_MAX: u32 = 100_000;

/// Who a word of a policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// Members in a role: a built-in one, which custom roles that are made from it have too, or a custom one.
    Role(&'a str),
    /// A member, by his id.
    User(Uuid),
    /// Members who are limited to a workspace.
    Workspace(&'a str),
}

impl<'a> Who<'a> {
    /// Reads a word.
    #[must_use]
    pub fn parse(word: &'a str) -> Option<Self> {
        let (kind, name) = word.split_once(':').filter(|(_, name)| !name.is_empty())?;
        match kind {
            "role" => Some(Self::Role(name)),
            "user" => Uuid::parse_str(name).ok().map(Self::User),
            "workspace" => Some(Self::Workspace(name)),
            _ => None,
        }
    }

    fn is(self, member: &Membership, workspaces: &[(String, Uuid)]) -> bool {
        match self {
            Self::Role(role) => member.given.role == role || member.given.custom_role.as_deref() == Some(role),
            Self::User(id) => member.member_id == id,
            Self::Workspace(code) => {
                let id = workspaces.iter().find(|(known, _)| known == code).map(|(_, id)| *id);
                id.is_some_and(|id| member.workspace_ids.as_ref().is_some_and(|own| own.contains(&id)))
            }
        }
    }
}

/// The members of an organization who may approve.
pub struct Electorate {
    members: Vec<Membership>,
    workspaces: Vec<(String, Uuid)>,
}

impl Electorate {
    /// As they are now.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn of(app: &App, org: OrgId) -> Result<Self, Problem> {
        // The ledger's own look: whoever drafts may not see who approves.
        let store = app.store.for_org(org);
        let wanted = Permission::new(Resource::Approvals, Action::Approve);
        let may =
            |member: &Membership| grant(&member.given).is_some_and(|grant| grant.role != Role::Agent && grant.has(&app.matrix, wanted));
        let members: Vec<Membership> = store.memberships(MEMBERS_MAX).await?.into_iter().filter(may).collect();
        let mut ids: Vec<Uuid> = members.iter().flat_map(|member| member.workspace_ids.iter().flatten().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut workspaces = Vec::new();
        if !ids.is_empty() {
            let mut tx = store.begin_read().await?;
            workspaces = tx.workspace_codes(&ids).await?.into_iter().map(|(id, code)| (code, id)).collect();
            tx.rollback().await?;
        }
        Ok(Self { members, workspaces })
    }

    /// The identities of whom the words name; of everybody who may approve where there are none.
    #[must_use]
    pub fn named(&self, words: &[Text]) -> Vec<Text> {
        let words: Vec<Who<'_>> = words.iter().filter_map(|word| Who::parse(word)).collect();
        let named = |member: &&Membership| words.is_empty() || words.iter().any(|who| who.is(member, &self.workspaces));
        let found = self.members.iter().filter(named).map(|member| Text::from(member.member_id.to_string()));
        found.take(ELIGIBLE_MAX + 1).collect()
    }

    /// Whether somebody may approve at all.
    #[must_use]
    pub fn has(&self, member: Uuid) -> bool {
        self.members.iter().any(|known| known.member_id == member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_roles_members_and_workspaces() {
        let id = "00000000-0000-0000-0000-000000000007";
        let cases = [
            ("role:approver", Some(Who::Role("approver"))),
            ("user:00000000-0000-0000-0000-000000000007", Some(Who::User(Uuid::from_u128(7)))),
            ("workspace:north", Some(Who::Workspace("north"))),
            (id, None),
            ("approver", None),
            ("role:", None),
            ("user:somebody", None),
            ("group:x", None),
        ];
        for (word, expected) in cases {
            assert_eq!(Who::parse(word), expected, "{word}");
        }
    }
}
