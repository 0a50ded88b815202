"""What goes on to central systems: the feed, EPCIS, exports, webhooks, pictures by signed address."""
