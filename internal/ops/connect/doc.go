// Package connect opens ways into a running environment for a person: to the database, through Session Manager and the bastion.
package connect
