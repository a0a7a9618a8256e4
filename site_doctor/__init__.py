"""What looks at a deployment, for both apps: rules about settings, and a doctor that calls the running sites."""
