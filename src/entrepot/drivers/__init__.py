"""What implements the ports. Only `entrepot.assembly` names a driver."""
